import { queryPrice } from "./database.js";
import { serviceFromEnvironment } from "./service.js";

const service = await serviceFromEnvironment(queryPrice);
const url = await service.start(Number(process.env.PORT ?? 8080));
console.log(`try ${url}/prices/42`);
