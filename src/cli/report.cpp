#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "cli/options.hpp"
#include "cli/verbs.hpp"
#include "core/error.hpp"
#include "core/paths.hpp"

namespace qhn {
namespace {

namespace fs = std::filesystem;

struct ReportOptions {
  std::vector<std::string> folders;
  std::string out;
  std::string title;
  std::string bench;
  std::vector<std::string> scaling;
};

/// The folder with the Python package, above this program: that of the sources or of an
/// installation. Throws InputError.
fs::path analysis_folder(const fs::path& program) {
  for (fs::path above = program.parent_path(); above != above.root_path();
       above = above.parent_path())
    for (const fs::path& folder : {above / "analysis", above / QHN_DATADIR / "qhn/analysis"})
      if (fs::exists(folder / "qhn_report" / "__main__.py")) return folder;
  throw InputError(
      fmt::format("{}: no folder above it holds the Python package qhn_report; allowed: the "
                  "program in its build tree or installed with cmake --install",
                  program.string()));
}

/// The first Python that has all packages. Throws InputError.
std::string find_python() {
  std::vector<std::string> candidates{"python3", "/usr/bin/python3"};
  const char* chosen = std::getenv("QHN_PYTHON");
  if (chosen && *chosen) candidates = {chosen};
  for (const std::string& python : candidates) {
    const std::string test = fmt::format(
        "{} -c 'import sys; del sys.path[0]; import h5py, jinja2, matplotlib, numpy, scipy' "
        ">/dev/null 2>&1",
        shell_quoted(python));
    if (std::system(test.c_str()) == 0) return python;
  }
  throw InputError(fmt::format(
      "report: {} {} not all of h5py, jinja2, matplotlib, numpy, scipy; Debian: apt-get install "
      "python3-h5py python3-jinja2 python3-matplotlib python3-scipy; allowed: another Python in "
      "QHN_PYTHON",
      fmt::join(candidates, " and "), candidates.size() == 1 ? "has" : "have"));
}

void run_report(const ReportOptions& options) {
  const fs::path program = fs::read_symlink("/proc/self/exe");
  const fs::path analysis = analysis_folder(program);
  // As python -m, but without the working folder on sys.path: it may hold a file of any name.
  std::vector<std::string> words{
      find_python(), "-c",
      "import runpy, sys; sys.path[0] = sys.argv.pop(1); "
      "runpy.run_module('qhn_report', run_name='__main__', alter_sys=True)",
      analysis.string()};
  if (!options.out.empty()) words.insert(words.end(), {"--out", options.out});
  if (!options.title.empty()) words.insert(words.end(), {"--title", options.title});
  if (!options.bench.empty()) words.insert(words.end(), {"--bench", options.bench});
  for (const std::string& file : options.scaling) words.insert(words.end(), {"--scaling", file});
  words.emplace_back("--");
  words.insert(words.end(), options.folders.begin(), options.folders.end());

  ::setenv("QHN", program.c_str(), 1);
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  std::fflush(nullptr);
  ::execvp(arguments.front(), arguments.data());
  throw RunError(fmt::format("{}: cannot be started: {}", words.front(), std::strerror(errno)));
}

}  // namespace

void add_report(CLI::App& app) {
  auto options = std::make_shared<ReportOptions>();
  CLI::App* verb =
      app.add_subcommand("report", "Write a page (HTML) with the tables and figures of results");
  verb->add_option("DIR", options->folders, "Folders of campaigns or sweeps")->required();
  verb->add_option("--out", options->out, "File to write (default: report.html in the first DIR)");
  verb->add_option("--title", options->title, "Title (default: the name of the experiment)");
  verb->add_option("--bench", options->bench, "bench.csv of bench/run.sh, to add its roof line");
  verb->add_option("--scaling", options->scaling, "scaling.csv of qhn_scaling, to add its table")
      ->type_size(1)
      ->allow_extra_args(false);
  verb->footer(
      "The page is one file without links to others. Needs Python with h5py, jinja2, matplotlib, "
      "numpy and\nscipy: python3, /usr/bin/python3, or the one in QHN_PYTHON.\n"
      "Example:\n  qhn report results/gaussian --out gaussian.html");
  verb->callback([options] { run_report(*options); });
}

}  // namespace qhn
