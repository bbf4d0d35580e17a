// qhn_bench: the speed of everything, against the limits of the machine and only where it is right.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <omp.h>
#include <sched.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <regex>

#include "bench.hpp"
#include "cli/options.hpp"
#include "core/error.hpp"
#include "core/simd.hpp"
#include "report.hpp"

namespace qhn {

std::string Row::name() const {
  return fmt::format("{}/start:{}/qubits:{}/sublayers:{}/threads:{}", benchmark, start, qubits,
                     sublayers, threads);
}

bool near(double a, double b, double tolerance) {
  return std::abs(a - b) <= tolerance * std::max(1.0, std::abs(b));
}

namespace {

struct Options {
  BenchOptions bench;
  bool quick = false, smoke = false, full = false, worker = false;
  std::string out, filter, simd;
};

constexpr int most_toured = 8;  // cores beyond may be far from the memory

/// A case between its repetitions.
struct Running {
  Case what;
  int repetitions;
  int cores;  ///< that the machine's rows use
  int done = 0;
  bool verified = false;
  Task task = {};
};

/// Moves a thread that works alone from core to core, an equal part of the steps on each, so that
/// it stands for all of them: the cores of a virtual machine differ with what their neighbours do.
class Tour {
 public:
  Tour(int cores, std::int64_t steps) : steps_(steps) {
    sched_getaffinity(0, sizeof home_, &home_);
    for (int cpu = 0; cpu < CPU_SETSIZE && static_cast<int>(cpus_.size()) < cores; ++cpu)
      if (CPU_ISSET(cpu, &home_)) cpus_.push_back(cpu);
  }
  ~Tour() { sched_setaffinity(0, sizeof home_, &home_); }
  Tour(const Tour&) = delete;
  Tour& operator=(const Tour&) = delete;

  void step(std::int64_t i) {
    const std::size_t at =
        static_cast<std::size_t>(i) * cpus_.size() / static_cast<std::size_t>(steps_);
    if (at == at_) return;
    at_ = at;
    cpu_set_t here;
    CPU_ZERO(&here);
    CPU_SET(cpus_[at], &here);
    sched_setaffinity(0, sizeof here, &here);
  }

 private:
  std::int64_t steps_;
  cpu_set_t home_;
  std::vector<int> cpus_;
  std::size_t at_ = std::numeric_limits<std::size_t>::max();
};

/// One repetition. Before the first: memory, verification, and a repetition that does not count.
void repeat(benchmark::State& state, Running& running) {
  const Row& row = running.what.row;
  if (running.done == 0) {
    const double free =
        static_cast<double>(sysconf(_SC_AVPHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
    if (running.what.bytes > 0.9 * free) {
      state.SkipWithError(fmt::format("skipped: needs {:.1f} GB of memory, {:.1f} are free",
                                      running.what.bytes / 1e9, free / 1e9)
                              .c_str());
      return;
    }
    omp_set_num_threads(row.threads);
    running.task = running.what.prepare();
    running.verified = running.task.verify();
    for (int i = 0; i < running.what.iterations; ++i) running.task.run();
  }
  // Single iterations take turns from repetition to repetition.
  const std::int64_t steps =
      running.what.iterations > 1 ? running.what.iterations : running.repetitions;
  std::int64_t i = running.what.iterations > 1 ? 0 : running.done;
  std::optional<Tour> tour;
  if (row.threads == 1) tour.emplace(std::min(running.cores, most_toured), steps);
  for (auto _ : state) {
    if (tour) tour->step(i++);
    running.task.run();
  }
  tour.reset();
  state.counters["verified"] = running.verified;
  state.counters["flops"] = row.work.flops * row.batch;  // of an iteration, as the times are
  state.counters["bytes"] = row.work.bytes * row.batch;
  state.SetLabel(running.task.label);
  if (++running.done == running.repetitions) running.task = {};
}

std::vector<Case> make_cases(const Options& options) {
  std::vector<Case> cases;
  add_kernels(options.bench, cases);
  add_evaluations(options.bench, cases);
  add_restarts(options.bench, cases);
  add_tables(options.bench, cases);
  add_transforms(options.bench, cases);
#ifdef QHN_LIBQUANTUM
  add_others(options.bench, cases);
#endif
  const std::regex wanted(options.filter);  // empty: all
  const auto matches = [&](const Case& c) { return std::regex_search(c.row.name(), wanted); };
  std::erase_if(cases, [&](const Case& c) { return !matches(c); });
  add_limits(options.bench, cases);  // those of the rows that are left, in front of them
  if (std::ranges::none_of(cases, matches))
    throw InputError("--filter " + options.filter + ": no row matches");
  const std::string& broken = options.bench.broken;
  if (!broken.empty() && broken != "all" &&
      std::ranges::none_of(cases, [&](const Case& c) { return c.row.benchmark == broken; }))
    throw InputError("--break " + broken + ": no such row");
  return cases;
}

int run(Options options) {
  if (!options.simd.empty()) force_simd_level(parse_simd_level(options.simd));
  options.bench.extent = options.smoke   ? Extent::smoke
                         : options.quick ? Extent::quick
                                         : Extent::full;
  if (options.worker) return restart_worker(options.bench);

  const std::filesystem::path out = options.out.empty() ? "." : options.out;
  std::filesystem::create_directories(out);
  const std::string json = "--benchmark_out=" + (out / "bench.json").string();
  std::vector<char*> arguments;
  std::string program = "qhn_bench", format = "--benchmark_out_format=json", json_argument = json;
  for (std::string* s : {&program, &json_argument, &format}) arguments.push_back(s->data());
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  benchmark::AddCustomContext("simd", to_string(simd_level()));
  benchmark::AddCustomContext("threads", std::to_string(options.bench.threads));

  const std::vector<Case> cases = make_cases(options);
  const int repetitions = options.bench.pick(2, 3, 7);
  std::vector<std::unique_ptr<Running>> running;
  for (const Case& c : cases) {
    Running* r =
        running
            .emplace_back(std::make_unique<Running>(Running{c, repetitions, options.bench.threads}))
            .get();
    benchmark::RegisterBenchmark(c.row.name().c_str(),
                                 [r](benchmark::State& state) { repeat(state, *r); })
        ->Iterations(c.iterations)
        ->Repetitions(repetitions)
        ->MeasureProcessCPUTime()
        ->UseRealTime();
  }
  fmt::print("SIMD level {}, up to {} threads, medians of {} repetitions after one dropped\n\n",
             to_string(simd_level()), options.bench.threads, repetitions);
  Report report(cases);
  benchmark::RunSpecifiedBenchmarks(&report);
  report.write_csv((out / "bench.csv").string());
  fmt::print("\n{}\n{}\n", (out / "bench.csv").string(), (out / "bench.json").string());
  return report.all_verified() ? 0 : 1;
}

}  // namespace
}  // namespace qhn

int main(int argc, char** argv) {
  using namespace qhn;
  CLI::App app("Measures qhn against the limits of this machine; see bench/README.md");
  Options options;
  options.bench.threads = omp_get_max_threads();
  app.add_option("--out", options.out, "Folder for bench.csv and bench.json (default: here)");
  add_integer(app, "--threads", options.bench.threads,
              fmt::format("The larger of the two thread counts measured (default: {})",
                          options.bench.threads),
              1, 1024);
  app.add_flag("--quick", options.quick, "Fewer sizes and repetitions: under two minutes");
  app.add_flag("--smoke", options.smoke, "Tiny sizes: that every row works; times mean nothing");
  app.add_flag("--full", options.full, "The default");
  app.add_option("--filter", options.filter, "Only rows whose name matches; limits always run");
  app.add_option("--data", options.bench.data, "Folder of the MNIST files")->capture_default_str();
  app.add_option("--simd", options.simd, "SIMD level (default: the highest there is)");
  app.add_option("--break", options.bench.broken,
                 "Falsify the results of this row, or of all: the bench must notice");
  app.add_flag("--worker", options.worker, "Used by the row restarts-processes")->group("");
  refuse_empty_words(app);
  try {
    app.parse(argc, argv);
    return run(options);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 2;
  }
}
