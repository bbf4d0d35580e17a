#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <iterator>
#include <memory>
#include <new>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "baseline/method.hpp"
#include "cli/options.hpp"
#include "cli/thread_environment.hpp"
#include "cli/verbs.hpp"
#include "comm/launcher.hpp"
#include "comm/mpi_session.hpp"
#include "core/error.hpp"
#include "core/printable.hpp"
#include "record/output.hpp"
#include "record/provenance.hpp"
#include "record/toml_reader.hpp"

namespace {

struct Group {
  const char* name;
  std::vector<void (*)(CLI::App&)> verbs;
};

// The order of --help.
const std::vector<Group> groups = {
    {"run and resume campaigns",
     {qhn::add_train, qhn::add_baseline, qhn::add_status, qhn::add_merge}},
    {"look at results",
     {qhn::add_stats, qhn::add_compare, qhn::add_report, qhn::add_evaluate, qhn::add_sample}},
    {"look at a problem", {qhn::add_table, qhn::add_locality, qhn::add_landscape, qhn::add_decode}},
    {"prepare", {qhn::add_new, qhn::add_validate, qhn::add_plan, qhn::add_doctor}},
    {"export", {qhn::add_export}},
};

// These verbs need no MPI. The others use it, or decide by their options.
bool works_on_one_rank(const std::string& verb) {
  const auto all = {"status",    "merge",  "stats", "compare",  "report", "table",
                    "landscape", "decode", "new",   "validate", "export"};
  return std::find(all.begin(), all.end(), verb) != all.end();
}

// CLI11 itself reports an unknown verb as a missing one.
void check_verb(const CLI::App& app, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return;
  std::vector<std::string> verbs;
  for (const CLI::App* verb : app.get_subcommands({})) verbs.push_back(verb->get_name());
  if (std::find(verbs.begin(), verbs.end(), argv[1]) != verbs.end()) return;
  const std::string nearest = qhn::nearest_word(argv[1], verbs);
  throw qhn::InputError(fmt::format("unknown verb '{}'; allowed: {}{}", argv[1],
                                    fmt::join(verbs, ", "),
                                    nearest.empty() ? "" : "; did you mean '" + nearest + "'?"));
}

bool is_gap(std::string_view word) {
  return !word.empty() && word.find_first_not_of("0123456789.,eE+-") == std::string_view::npos &&
         word.find_first_of("0123456789") != std::string_view::npos;
}

bool is_method(std::string_view word) {
  const std::string_view first = word.substr(0, word.find(','));
  return std::any_of(std::begin(qhn::all_methods), std::end(qhn::all_methods),
                     [first](qhn::Method method) { return first == qhn::to_string(method); });
}

// Lists may also be separated by blanks. CLI11 expects the words in reverse order.
std::vector<std::string> parsed_order(std::vector<std::string> words) {
  words = qhn::join_lists(words, "--epsilon", is_gap);
  words = qhn::join_lists(words, "--method", is_method);
  std::reverse(words.begin(), words.end());
  return words;
}

/// Log format "qhn: MESSAGE". Control characters are escaped, so a message stays on one line.
class PrintableLines : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    const std::string text = qhn::printable({message.payload.data(), message.payload.size()});
    spdlog::details::log_msg shown = message;
    shown.payload = text;
    lines_.format(shown, out);
  }
  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<PrintableLines>();
  }

 private:
  spdlog::pattern_formatter lines_{"%n: %v"};
};

// Before MPI starts every rank finds the same error in the command line, and a launcher shows the
// output of all. Ranks above 0 wait 5 s: most launchers end them once rank 0 has printed the error
// and ended. They print it themselves if rank 0 has no error or the launcher leaves them running.
void let_rank_0_speak() {
  if (qhn::mpi_was_started()) return;
  if (qhn::launched_rank(std::getenv) > 0) std::this_thread::sleep_for(std::chrono::seconds(5));
}

/// CLI11's help shows "..." after every option with several values. Here only options that take
/// several words at once have it; the others show "(may be repeated)".
class Help : public CLI::Formatter {
 public:
  std::string make_option_opts(const CLI::Option* option) const override {
    std::string text = CLI::Formatter::make_option_opts(option);
    const std::string more = " ...";
    if (const auto at = text.find(more); at != text.npos && !option->get_allow_extra_args())
      text.replace(at, more.size(), " (may be repeated)");
    return text;
  }
};

int fail(const std::string& message, int code) {
  qhn::abort_parallel_run(message, code);
  let_rank_0_speak();
  qhn::print_error(message);
  return code;
}

int run(int argc, char** argv) {
  CLI::App app{
      "qhn (quantum hypernetworks) trains binary neural networks with simulated quantum circuits.",
      "qhn"};
  app.set_version_flag("--version", "qhn " + qhn::version_line());
  app.require_subcommand(1);
  app.formatter(std::make_shared<Help>());
  app.get_formatter()->column_width(28);
  app.footer("Options of a verb: qhn VERB --help");
  app.parse_complete_callback([] { qhn::check_thread_environment(std::getenv); });
  for (const Group& group : groups)
    for (const auto add : group.verbs) {
      add(app);
      CLI::App* verb = app.get_subcommands({}).back();
      verb->group(group.name);
      qhn::refuse_empty_words(*verb);
      if (works_on_one_rank(verb->get_name()))
        verb->parse_complete_callback(
            [verb] { qhn::refuse_several_ranks(verb->get_name(), "", std::getenv); });
    }

  try {
    check_verb(app, argc, argv);
    app.parse(parsed_order({argv + 1, argv + argc}));
    return 0;
  } catch (const CLI::RuntimeError& end) {
    return end.get_exit_code();
  } catch (const CLI::Success& help) {
    std::ostringstream text;
    const int code = app.exit(help, text, text);
    qhn::print_result(text.str());
    return code;
  } catch (const CLI::ParseError& error) {
    return fail(std::string(error.what()) + " (see qhn --help)", 2);
  } catch (const qhn::InputError& error) {
    return fail(error.what(), 2);
  } catch (const std::bad_alloc&) {
    return fail("out of memory", 1);
  } catch (const std::exception& error) {
    return fail(qhn::message_of_failure(error), 1);
  }
}

}  // namespace

int main(int argc, char** argv) {
  qhn::guard_standard_streams();
  // Results go to stdout, messages about the run to stderr.
  spdlog::set_default_logger(spdlog::stderr_logger_mt("qhn"));
  spdlog::set_formatter(std::make_unique<PrintableLines>());
  return qhn::finish_standard_output(run(argc, argv));
}
