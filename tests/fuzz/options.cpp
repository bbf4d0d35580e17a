// A command line, one word a line, as far as its parsing: no verb does its work. Every word is laid
// over an empty experiment, too, as --set would.
#include "cli/options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <sstream>
#include <vector>

#include "cli/verbs.hpp"
#include "input_file.hpp"
#include "record/toml_reader.hpp"

namespace {

constexpr void (*verbs[])(CLI::App&) = {
    qhn::add_train,   qhn::add_baseline, qhn::add_status, qhn::add_merge,    qhn::add_stats,
    qhn::add_compare, qhn::add_report,   qhn::add_table,  qhn::add_locality, qhn::add_landscape,
    qhn::add_decode,  qhn::add_evaluate, qhn::add_sample, qhn::add_new,      qhn::add_validate,
    qhn::add_plan,    qhn::add_doctor,   qhn::add_export};

constexpr const char* hurdle = "--never-given";  // its absence keeps the verbs from running

std::unique_ptr<CLI::App> make_app() {
  auto app = std::make_unique<CLI::App>("fuzzed", "qhn");
  app->require_subcommand(1);
  for (const auto add : verbs) {
    add(*app);
    CLI::App* verb = app->get_subcommands({}).back();
    qhn::refuse_empty_words(*verb);
    verb->add_flag(hurdle)->required();
  }
  return app;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::string> words;
  std::istringstream lines(std::string(data, data + size));
  for (std::string line; std::getline(lines, line);) words.push_back(line);
  for (const std::string& word : words)
    if (word.find("--never") != std::string::npos) return 0;

  static const std::unique_ptr<CLI::App> app = make_app();
  std::vector<std::string> backwards(words.rbegin(), words.rend());
  qhn::may_refuse([&] {
    try {
      app->parse(backwards);
    } catch (const CLI::Error&) {
    }
  });
  for (const std::string& word : words)
    qhn::may_refuse([&] { qhn::parse_toml_text("", "e.toml", {word}); });
  return 0;
}
