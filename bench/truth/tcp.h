#pragma once

#include <string>

#include "base/result.h"
#include "bench/truth/wire.h"
#include "proxy/file_descriptor.h"

namespace faultline::bench::truth {

/// TCP as the system has it, but for two things: the congestion control is the
/// one that is asked for, whatever the system's default is, and nothing is held
/// back to be sent with more (TCP_NODELAY). Sockets are non-blocking.

/// Accepted sockets inherit the congestion control. Errors: kNetwork; kInvalid,
/// there is no such congestion control.
Result<FileDescriptor> listen_on(const Endpoint& where, const std::string& congestion);

/// Begins to connect. Errors: as above.
Result<FileDescriptor> begin_to_connect(const Endpoint& to, const std::string& congestion);

/// 0 once a connection is there, else the errno of its failure.
int connect_error(const FileDescriptor& socket);

}  // namespace faultline::bench::truth
