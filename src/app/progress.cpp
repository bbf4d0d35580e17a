#include "app/progress.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

namespace qhn {
Progress::Progress(std::uint64_t restarts, std::uint64_t before, const PrefixCount& prefix)
    : restarts_(restarts),
      before_(before),
      prefix_(prefix),
      terminal_(isatty(STDERR_FILENO) != 0) {}

void Progress::tick() {
  const auto interval = terminal_ ? std::chrono::milliseconds(200) : std::chrono::minutes(1);
  if (Clock::now() - shown_ >= interval) show();
}

void Progress::finish() {
  if (!terminal_) return;
  show();
  std::fputc('\n', stderr);
}

std::string Progress::clock_time(double seconds) {
  const auto s = static_cast<long>(seconds + 0.5);
  if (s < 3600) return fmt::format("{}:{:02}", s / 60, s % 60);
  return fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
}

std::string Progress::describe(const State& s) {
  std::string text = fmt::format("{} of {} restarts", s.done, s.restarts);
  if (s.done == s.before) return text;
  const double rate = static_cast<double>(s.done - s.before) / s.seconds;
  text += fmt::format(", {:.3g}/s", rate);
  if (s.prefix > 0)
    text += fmt::format(", P(gap < {:g}) = {:.3g} so far", s.epsilon,
                        static_cast<double>(s.successes) / static_cast<double>(s.prefix));
  return text +
         fmt::format(", {} left", clock_time(static_cast<double>(s.restarts - s.done) / rate));
}

void Progress::show() {
  shown_ = Clock::now();
  const std::string text =
      describe({done_, before_, restarts_, prefix_.restarts(), prefix_.successes(),
                prefix_.epsilon(), std::chrono::duration<double>(shown_ - start_).count()});
  if (!terminal_) {
    spdlog::info("{}", text);
    return;
  }
  constexpr std::size_t width = 24;
  const std::size_t filled = restarts_ == 0 ? width : width * done_ / restarts_;
  fmt::print(stderr, "\r[{}{}] {}\x1b[K", std::string(filled, '#'),
             std::string(width - filled, '.'), text);
  std::fflush(stderr);
}

}  // namespace qhn
