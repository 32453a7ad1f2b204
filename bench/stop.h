#pragma once

namespace faultline::bench {

/// From now on SIGINT and SIGTERM only note that the user wants to stop, so
/// that every process that was started is ended on the way out. A second one
/// does no more than the first.
void catch_stop_signals();

/// Every loop that waits asks this, and gives up what it does.
bool stop_requested();

/// The signal that asked for it; 0 if none has.
int stop_signal();

}  // namespace faultline::bench
