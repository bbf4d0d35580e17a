#include "campaign/progress.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace qhn {
namespace {

const char* environment(const char* name) { return std::getenv(name); }

// Read every time: windows are resized.
unsigned terminal_columns() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

// Write errors (disk full, terminal closed) are ignored: they must not end a campaign.
void put(const std::string& text) {
  std::fputs(text.c_str(), stderr);
  std::fflush(stderr);
}

std::string done_of_all(const Progress::State& s) {
  return fmt::format("{} of {} restarts", s.done, s.restarts);
}

double rate(const Progress::State& s) {
  return static_cast<double>(s.done - s.before) / std::max(s.seconds, 1e-9);
}

// Finished restarts and time left, optionally with the rate and the success probability.
std::string describe_some(const Progress::State& s, bool with_rate, bool with_probability) {
  std::string text = done_of_all(s);
  if (s.done == s.before) return text;
  if (with_rate) text += fmt::format(", {:.3g}/s", rate(s));
  if (with_probability && s.prefix > 0)
    text += fmt::format(", P(gap < {:g}) = {:.3g} so far", s.epsilon,
                        static_cast<double>(s.successes) / static_cast<double>(s.prefix));
  const double left = static_cast<double>(s.restarts - s.done) / rate(s);
  return text + fmt::format(", {} left", Progress::clock_time(left));
}

}  // namespace

Progress::Progress(std::uint64_t restarts, std::uint64_t before, const PrefixCount* prefix)
    : restarts_(restarts),
      before_(before),
      prefix_(prefix),
      terminal_(isatty(STDERR_FILENO) != 0 && has_cursor(environment)),
      escapes_(wants_escapes(environment)) {}

Progress::~Progress() {
  if (length_ > 0) put("\n");
}

void Progress::tick() {
  const auto interval = terminal_ ? std::chrono::milliseconds(200) : std::chrono::minutes(1);
  if (Clock::now() - shown_ >= interval) show();
}

void Progress::finish() {
  if (!terminal_) return;
  show();
  put("\n");
  length_ = 0;
}

std::size_t Progress::columns(unsigned reported, const Environment& environment) {
  if (reported > 0) return reported;
  const char* said = environment("COLUMNS");
  const long columns = said ? std::strtol(said, nullptr, 10) : 0;
  return columns > 0 && columns < 10000 ? static_cast<std::size_t>(columns) : 80;
}

bool Progress::has_cursor(const Environment& environment) {
  const char* term = environment("TERM");
  return term && *term && std::string_view(term) != "dumb";
}

bool Progress::wants_escapes(const Environment& environment) {
  const char* no_color = environment("NO_COLOR");
  return !no_color || !*no_color;
}

std::string Progress::clock_time(double seconds) {
  const auto s = static_cast<long>(seconds + 0.5);
  if (s < 3600) return fmt::format("{}:{:02}", s / 60, s % 60);
  return fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
}

std::string Progress::describe(const State& s) { return describe_some(s, true, true); }

std::string Progress::bar(const State& s, std::size_t columns) {
  constexpr std::size_t least = 4, most = 24, around = 3;  // "[", "] "
  const std::size_t room = columns > 1 ? columns - 1 : 0;  // some terminals wrap in the last column
  const std::string few = fmt::format("{}/{}", s.done, s.restarts);
  for (const std::string& text : {describe(s), describe_some(s, true, false),
                                  describe_some(s, false, false), done_of_all(s), few}) {
    if (text.size() + around + least > room) continue;
    const std::size_t width = std::min(most, room - around - text.size());
    const double share =
        s.restarts == 0 ? 1.0 : static_cast<double>(s.done) / static_cast<double>(s.restarts);
    const auto filled =
        std::min(width, static_cast<std::size_t>(static_cast<double>(width) * share));
    return fmt::format("[{}{}] {}", std::string(filled, '#'), std::string(width - filled, '.'),
                       text);
  }
  return few.size() <= room ? few : std::string();
}

Progress::State Progress::state() const {
  State state{.done = done_, .before = before_, .restarts = restarts_};
  if (prefix_) {
    state.prefix = prefix_->restarts();
    state.successes = prefix_->successes();
    state.epsilon = prefix_->epsilon();
  }
  state.seconds = std::chrono::duration<double>(shown_ - start_).count();
  return state;
}

void Progress::show() {
  shown_ = Clock::now();
  if (!terminal_) {
    spdlog::info("{}", describe(state()));
    return;
  }
  const std::size_t wide = columns(terminal_columns(), environment);
  std::string line = bar(state(), wide);
  const std::size_t length = line.size();
  // Erase the rest of a longer line.
  if (escapes_)
    line += "\x1b[K";
  else
    line.resize(std::max(length, std::min(length_, wide - 1)), ' ');
  put('\r' + line);
  length_ = std::max<std::size_t>(length, 1);
}

}  // namespace qhn
