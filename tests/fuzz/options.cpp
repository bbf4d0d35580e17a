// A command line, one word a line, as far as its parsing: no verb does its work. The values of
// --set are laid over an experiment.
#include <CLI/CLI.hpp>
#include <sstream>
#include <vector>

#include "app/verbs.hpp"
#include "input_file.hpp"
#include "io/toml_reader.hpp"

namespace {

constexpr void (*verbs[])(CLI::App&) = {
    qhn::add_train,    qhn::add_baseline, qhn::add_status,   qhn::add_merge,  qhn::add_stats,
    qhn::add_compare,  qhn::add_table,    qhn::add_evaluate, qhn::add_sample, qhn::add_new,
    qhn::add_validate, qhn::add_plan,     qhn::add_doctor,   qhn::add_export};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::string> words;
  std::istringstream lines(std::string(data, data + size));
  for (std::string line; std::getline(lines, line);) words.insert(words.begin(), line);

  CLI::App app("fuzzed", "qhn");
  app.require_subcommand(1);
  for (const auto add : verbs) add(app);
  for (CLI::App* verb : app.get_subcommands({})) verb->callback([] {});
  qhn::may_refuse([&] {
    try {
      app.parse(words);
    } catch (const CLI::Error&) {
    }
  });

  static qhn::InputFile file;
  static const std::string& path = file.write(reinterpret_cast<const std::uint8_t*>(""), 0);
  for (const std::string& word : words) qhn::may_refuse([&] { qhn::parse_toml(path, {word}); });
  return 0;
}
