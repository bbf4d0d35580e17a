// qhn_bench_farm: what a campaign costs beside its restarts. The same restarts run three times a
// round, on the same ranks: bare (shared out beforehand, nothing is kept), through the farm, and
// through the farm with journals. Processor seconds are those of all threads of all ranks, so the
// figures also hold where ranks share cores.
#include "campaign/farm.hpp"

#include <fmt/format.h>
#include <mpi.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "cli/options.hpp"
#include "comm/communicator.hpp"
#include "core/aligned.hpp"
#include "core/random.hpp"
#include "record/campaign_folder.hpp"
#include "record/journal.hpp"

namespace qhn {
namespace {

struct Options {
  std::uint64_t restarts = 10000;
  int qubits = 6, sublayers = 4, rounds = 15;
  std::string out = "farm-bench.tmp";
};

/// What one way of running all restarts took, over all ranks.
struct Cost {
  double wall = 0.0;       ///< of the slowest rank
  double processor = 0.0;  ///< sum over ranks
  double inside = 0.0;     ///< of that, what the records say of their restarts
};

/// How a campaign ends: shares of its wall time.
struct Ending {
  double most_idle = 0.0, mean_idle = 0.0;  ///< of ranks, between their last restart and the end
  double restart = 0.0;                     ///< the longest
};

/// Enough to tell whether two ways computed the same.
struct Sum {
  std::uint64_t restarts = 0, evaluations = 0, bits = 0;
  void add(const RestartResult& r) {
    ++restarts;
    evaluations += static_cast<std::uint64_t>(r.evaluations);
    bits ^= std::bit_cast<std::uint64_t>(r.expectation) * (2 * r.id + 1);
  }
  friend bool operator==(const Sum&, const Sum&) = default;
};

double processor_seconds() {
  rusage u{};
  getrusage(RUSAGE_SELF, &u);
  return static_cast<double>(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
         1e-6 * static_cast<double>(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

// A rank that waits takes no processor from those that work.
void wait_for_all() {
  MPI_Request request = MPI_REQUEST_NULL;
  MPI_Ibarrier(MPI_COMM_WORLD, &request);
  for (int done = 0; !done; MPI_Test(&request, &done, MPI_STATUS_IGNORE))
    std::this_thread::sleep_for(std::chrono::microseconds(100));
}

template <class Work>
Cost measure(const Work& work) {
  wait_for_all();
  const double start = MPI_Wtime(), processor = processor_seconds();
  work();
  const Cost mine{MPI_Wtime() - start, processor_seconds() - processor, 0.0};
  wait_for_all();
  Cost all;
  MPI_Allreduce(&mine.wall, &all.wall, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
  MPI_Allreduce(&mine.processor, &all.processor, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
  return all;
}

class Bench {
 public:
  explicit Bench(const Options& options)
      : options_(options),
        circuit_(make_circuit(Family::linear, options.qubits, options.sublayers)),
        costs_(dimension(options.qubits)) {
    MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
    MPI_Comm_size(MPI_COMM_WORLD, &size_);
    writer_ = Communicator(MPI_COMM_WORLD).first_on_node();
    CounterRng rng(1, Stream::synthetic, 0);
    for (double& cost : costs_) cost = rng.uniform();
    function_.emplace(costs_);
    minimum_ = *std::ranges::min_element(costs_);
    restart_.angles = circuit_.angles;
    restart_.epsilons = {1e-2, 1e-3, 1e-4, 1e-5};
  }

  bool run() {
    if (rank_ == 0)
      fmt::print(
          "{} restarts of {} angles on {} ranks, {} rounds\n\n"
          "                 wall         processor/restart\n",
          options_.restarts, circuit_.angles, size_, options_.rounds);
    std::vector<std::array<Cost, 3>> rounds;
    for (int round = 0; round <= options_.rounds; ++round) {
      std::array<Cost, 3> costs;
      Ending ending;
      for (int i = 0; i < 3; ++i) {
        const int way = (i + round) % 3;  // none is always the first
        costs[static_cast<std::size_t>(way)] = way == 0 ? bare() : way == 1 ? farm() : journalled();
        if (way == 2) ending = ending_;
      }
      if (round == 0) continue;  // warmer or colder than the others
      rounds.push_back(costs);
      endings_.push_back(ending);
    }
    bool good = true;
    if (rank_ == 0) {
      good = written_ == computed_ && written_.restarts == options_.restarts;
      report(rounds, good);
      std::filesystem::remove_all(options_.out);
    }
    MPI_Bcast(&good, 1, MPI_CXX_BOOL, 0, MPI_COMM_WORLD);
    return good;
  }

 private:
  std::unique_ptr<Engine> engine() const { return make_engine(circuit_, costs_, {}); }

  Cost bare() {
    Sum mine;
    const Cost cost = measure([&] {
      const auto e = engine();
      const auto size = static_cast<std::uint64_t>(size_);
      for (auto id = static_cast<std::uint64_t>(rank_); id < options_.restarts; id += size)
        mine.add(*run_restart(simulation(*e), restart_, id));
    });
    computed_ = {};
    MPI_Reduce(&mine.restarts, &computed_.restarts, 2, MPI_UINT64_T, MPI_SUM, 0, MPI_COMM_WORLD);
    MPI_Reduce(&mine.bits, &computed_.bits, 1, MPI_UINT64_T, MPI_BXOR, 0, MPI_COMM_WORLD);
    return cost;
  }

  Cost through_farm(const FarmCallbacks& callbacks) {
    const std::atomic<bool> stop = false;
    FarmOptions farm;
    farm.ids = {{0, options_.restarts}};
    farm.writer = writer_;
    double start = 0.0, last = 0.0, longest = 0.0, end = 0.0;
    const auto make_runner = [&]() -> RestartRunner {
      return
          [&, e = std::shared_ptr<Engine>(engine())](std::uint64_t id, const RestartHooks& hooks) {
            const double began = MPI_Wtime();
            auto result = run_restart(simulation(*e), restart_, id, hooks);
            last = MPI_Wtime();
            longest = std::max(longest, last - began);
            return result;
          };
    };
    const Cost cost = measure([&] {
      start = last = MPI_Wtime();
      run_farm(MPI_COMM_WORLD, make_runner, farm, stop, callbacks);
      end = MPI_Wtime();
    });
    const std::array<double, 2> mine{(end - last) / (end - start), longest / (end - start)};
    std::array<double, 2> most{};
    MPI_Reduce(mine.data(), most.data(), 2, MPI_DOUBLE, MPI_MAX, 0, MPI_COMM_WORLD);
    double sum = 0.0;
    MPI_Reduce(mine.data(), &sum, 1, MPI_DOUBLE, MPI_SUM, 0, MPI_COMM_WORLD);
    ending_ = {most[0], sum / size_, most[1]};
    return cost;
  }

  Cost farm() {
    return through_farm({[](std::vector<RestartRecord>&&) {}, {}, {}, {}});
  }

  Cost journalled() {
    const std::string run = fmt::format("{}", ++runs_);
    std::optional<Journal> journal;
    JournalHeader header;
    header.epsilons = restart_.epsilons;
    header.restarts_requested = options_.restarts;
    if (writer_ == rank_) journal.emplace(options_.out, run, writer_, header);
    PrefixCount prefix(0, options_.restarts, restart_.epsilons.back());
    Cost cost =
        through_farm({[&](std::vector<RestartRecord>&& records) { journal->append(records); },
                      {},
                      {},
                      [&](const std::vector<FinishedRestart>& finished) {
                        for (const auto& [id, gap] : finished) prefix.add(id, gap);
                      }});
    journal.reset();
    MPI_Barrier(MPI_COMM_WORLD);
    if (rank_ == 0) {
      written_ = {};
      scan_campaign(options_.out, [&](FoundRecord&& found) {
        written_.add(found.record.result);
        cost.inside += found.record.cost.cpu_seconds;
      });
      std::filesystem::remove_all(options_.out);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    return cost;
  }

  void report(const std::vector<std::array<Cost, 3>>& rounds, bool good) const {
    const auto least = [&](std::size_t way, double Cost::*what) {
      double value = rounds[0][way].*what;
      for (const auto& round : rounds) value = std::min(value, round[way].*what);
      return value;
    };
    const std::array<const char*, 3> names{"bare", "farm", "farm and journal"};
    for (std::size_t way = 0; way < names.size(); ++way) {
      const double wall = least(way, &Cost::wall), processor = least(way, &Cost::processor);
      fmt::print("{:16} {:6.3f} s {:+5.1f} % {:8.1f} us {:+5.1f} %\n", names[way], wall,
                 100 * (wall / least(0, &Cost::wall) - 1),
                 1e6 * processor / static_cast<double>(options_.restarts),
                 100 * (processor / least(0, &Cost::processor) - 1));
    }
    double outside = 1.0;
    for (const auto& round : rounds)
      outside = std::min(outside, 1 - round[2].inside / round[2].processor);
    fmt::print("\n{:.1f} % of the processor time of the last was spent outside its restarts\n",
               100 * outside);
    auto endings = endings_;
    const auto middle = endings.begin() + static_cast<std::ptrdiff_t>(endings.size() / 2);
    std::nth_element(endings.begin(), middle, endings.end(),
                     [](const Ending& a, const Ending& b) { return a.most_idle < b.most_idle; });
    fmt::print(
        "at its end a rank was idle for {:.1f} % of the wall time, the idlest for {:.1f} %; the "
        "longest restart took {:.1f} %\n",
        100 * middle->mean_idle, 100 * middle->most_idle, 100 * middle->restart);
    fmt::print("{}\n", good ? "verified: the journals hold the results of the bare restarts"
                            : "WRONG: the journals do not hold the results of the bare restarts");
  }

  const Options& options_;
  int rank_ = 0, size_ = 1, writer_ = 0, runs_ = 0;
  Circuit circuit_;
  Simulation simulation(Engine& engine) const { return {engine, *function_, minimum_}; }

  AlignedVector<double> costs_;
  std::optional<CostsInMemory> function_;  // of costs_
  double minimum_ = 0.0;
  RestartOptions restart_;
  Sum computed_, written_;  // rank 0
  Ending ending_;           // of the last campaign through the farm
  std::vector<Ending> endings_;
};

}  // namespace
}  // namespace qhn

int main(int argc, char** argv) {
  using namespace qhn;
  int provided = 0;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
  CLI::App app("Measures what a campaign costs beside its restarts; see bench/README.md");
  Options options;
  add_integer(app, "--restarts", options.restarts,
              fmt::format("Restarts, of random costs (default: {})", options.restarts), 1, 1 << 30);
  add_integer(app, "--qubits", options.qubits, fmt::format("default: {}", options.qubits), 1, 20);
  add_integer(app, "--sublayers", options.sublayers, fmt::format("default: {}", options.sublayers),
              1, 1000);
  add_integer(app, "--rounds", options.rounds,
              fmt::format("The least of so many counts: others only slow it down (default: {})",
                          options.rounds),
              1, 1000000);
  app.add_option("--out", options.out, "Folder for the journals, removed at the end")
      ->check(CLI::NonexistentPath)
      ->capture_default_str();
  refuse_empty_words(app);
  int code = 0;
  try {
    app.parse(argc, argv);
    code = Bench(options).run() ? 0 : 1;
  } catch (const CLI::ParseError& error) {
    code = app.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    MPI_Abort(MPI_COMM_WORLD, 2);
  }
  MPI_Finalize();
  return code;
}
