#pragma once

namespace faultline {

/// What the process ends with.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;        ///< The server understood, and refused.
inline constexpr int kExitUsage = 2;         ///< The command line or the file is wrong.
inline constexpr int kExitUnreachable = 3;   ///< No server answers at the address.
inline constexpr int kExitHalted = 4;        ///< The server takes no faults: see halt.
inline constexpr int kExitInconclusive = 5;  ///< What was to be proven met too little.

}  // namespace faultline
