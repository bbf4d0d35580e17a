#pragma once

#include <atomic>

namespace qhn {

/// Whether this run should stop. Set by the first USR1, TERM, INT or HUP after
/// end_cleanly_on_signals(), and by code that stops a run.
extern std::atomic<bool> interrupted;

/// Installs the handlers. The first of these signals sets `interrupted`; one more than a second
/// later ends the process at once. Signals within that second are ignored as copies of the first,
/// which arrives through the process group and through the launcher. SIGXFSZ is ignored: exceeding
/// a limit on file sizes is then a write error, like a full disk. HUP stays ignored under nohup.
void end_cleanly_on_signals();

}  // namespace qhn
