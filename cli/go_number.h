#pragma once

#include <string>

namespace faultline {

/// `number` as Go's %v prints a float64: "100", "10.5", "1e+07".
std::string go_number(double number);

/// The same without an exponent while 2^53 allows it: "10000000".
std::string plain_number(double number);

}  // namespace faultline
