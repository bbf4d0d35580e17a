#include "app/progress.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

namespace qhn {
namespace {

std::string clock_time(double seconds) {
  const auto s = static_cast<long>(seconds + 0.5);
  if (s < 3600) return fmt::format("{}:{:02}", s / 60, s % 60);
  return fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
}

}  // namespace

Progress::Progress(std::uint64_t restarts, double epsilon)
    : restarts_(restarts), epsilon_(epsilon), terminal_(isatty(STDERR_FILENO) != 0) {}

void Progress::count(const RestartResult& result) {
  ++done_;
  if (result.gap < epsilon_) ++successes_;
}

void Progress::tick() {
  const auto interval = terminal_ ? std::chrono::milliseconds(200) : std::chrono::minutes(1);
  if (Clock::now() - shown_ >= interval) show();
}

void Progress::finish() {
  if (!terminal_) return;
  show();
  std::fputc('\n', stderr);
}

std::string Progress::describe(std::uint64_t done, std::uint64_t restarts, std::uint64_t successes,
                               double epsilon, double seconds) {
  std::string text = fmt::format("{} of {} restarts", done, restarts);
  if (done == 0) return text;
  const double rate = static_cast<double>(done) / seconds;
  return text + fmt::format(", {:.3g}/s, P(gap < {:g}) = {:.3g} so far, {} left", rate, epsilon,
                            static_cast<double>(successes) / static_cast<double>(done),
                            clock_time(static_cast<double>(restarts - done) / rate));
}

void Progress::show() {
  shown_ = Clock::now();
  const std::string text = describe(done_, restarts_, successes_, epsilon_,
                                    std::chrono::duration<double>(shown_ - start_).count());
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
