#include "campaign/signals.hpp"

#include <csignal>
#include <cstdint>
#include <ctime>

namespace qhn {

std::atomic<bool> interrupted = false;

namespace {

std::atomic<std::int64_t> interrupted_at = 0;  // milliseconds
static_assert(std::atomic<bool>::is_always_lock_free &&
                  std::atomic<std::int64_t>::is_always_lock_free,
              "a signal handler sets them");

}  // namespace

void end_cleanly_on_signals() {
  struct sigaction action {};
  action.sa_handler = [](int signal) {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC, &t);
    const std::int64_t now = std::int64_t{t.tv_sec} * 1000 + t.tv_nsec / 1000000;
    if (!interrupted.exchange(true)) {
      interrupted_at = now;
    } else if (now - interrupted_at > 1000) {
      ::signal(signal, SIG_DFL);
      ::raise(signal);
    }
  };
  action.sa_flags = SA_RESTART;
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1, SIGHUP}) {
    struct sigaction before {};
    sigaction(signal, nullptr, &before);
    if (signal == SIGHUP && before.sa_handler == SIG_IGN) continue;  // nohup
    sigaction(signal, &action, nullptr);
  }
  std::signal(SIGXFSZ, SIG_IGN);  // exceeding a file size limit is then a write error
}

}  // namespace qhn
