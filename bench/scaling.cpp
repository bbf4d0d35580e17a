// qhn_scaling: how the time of one evaluation, or of many independent ones, falls with the ranks.
// Started by mpirun or srun; see README.md here.
#include <fmt/core.h>
#include <mpi.h>
#include <omp.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <bit>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/options.hpp"
#include "comm/communicator.hpp"
#include "comm/distributed_engine.hpp"
#include "comm/exchange.hpp"
#include "core/aligned.hpp"
#include "core/error.hpp"
#include "core/quantities.hpp"
#include "core/random.hpp"
#include "engine/execution_plan.hpp"
#include "perf/load.hpp"
#include "perf/machine_file.hpp"
#include "problem/synthetic.hpp"

namespace qhn {
namespace {

struct Options {
  std::string mode = "strong";
  std::string family = "linear";
  std::string engine = "automatic";
  int qubits = 20;
  int sublayers = 4;
  int evaluations = 3;  ///< of one repetition
  int repetitions = 5;
  std::string out;
  std::optional<Machine> machine;  ///< to predict from
  int ranks_per_node = 1;          ///< of a prediction without a measurement
};

struct Measured {
  double seconds = 0.0, least = 0.0, most = 0.0;  ///< of one evaluation: median, extremes
  double sending = 0.0;  ///< share of the time that this rank spent in exchanges and sums
  double bytes = 0.0;    ///< sent by the busiest rank in one evaluation
};

struct Line {
  std::string what, engine;
  int qubits, ranks;
  Measured measured;
  double planned_bytes;
  double predicted;  ///< s; 0 without a machine file
  std::string verdict;
};

/// Predicted seconds of an expectation with or without gradient.
double predict(const Machine& machine, const ExecutionPlan& plan, const Layout& layout,
               bool gradient) {
  return evaluation_seconds(machine, evaluation_load(plan, gradient), layout.threads,
                            std::min(machine.cores, layout.ranks_per_node * layout.threads),
                            layout);
}

double sent(const Ranks& ranks) {
  return static_cast<double>(ranks.traffic().exchanged_bytes + ranks.traffic().summed_bytes);
}

/// Times `evaluate`; the slowest rank of `comm` counts.
template <class F>
Measured measure(MPI_Comm comm, const Ranks& ranks, const Options& options, F evaluate) {
  evaluate();
  std::vector<double> times;
  Measured m;
  const double sent_before = sent(ranks), sending_before = ranks.traffic().seconds;
  double busy = 0.0;
  for (int r = 0; r < options.repetitions; ++r) {
    MPI_Barrier(comm);
    const double begin = MPI_Wtime();
    for (int e = 0; e < options.evaluations; ++e) evaluate();
    double seconds = MPI_Wtime() - begin;
    busy += seconds;
    MPI_Allreduce(MPI_IN_PLACE, &seconds, 1, MPI_DOUBLE, MPI_MAX, comm);
    times.push_back(seconds / options.evaluations);
  }
  std::sort(times.begin(), times.end());
  m.seconds = times[times.size() / 2];
  m.least = times.front();
  m.most = times.back();
  double most[2] = {(ranks.traffic().seconds - sending_before) / busy,
                    (sent(ranks) - sent_before) / (options.repetitions * options.evaluations)};
  MPI_Allreduce(MPI_IN_PLACE, most, 2, MPI_DOUBLE, MPI_MAX, comm);
  m.sending = most[0];
  m.bytes = most[1];
  return m;
}

/// Swaps as many local slots, from `first` on, as there are rank bits with these.
RankExchange exchange_from(const Ranks& ranks, int first) {
  RankExchange e;
  e.kept = static_cast<Index>(ranks.rank());
  for (int r = 0; r < ranks.size(); ++r) {
    e.peer.push_back(ranks.rank() ^ r);
    if (std::has_single_bit(static_cast<unsigned>(r))) e.slots.push_back(first++);
  }
  return e;
}

/// Exchanges of a state beside MPI_Sendrecv of the same bytes between two buffers, in turns.
int compare_exchanges(const Options& options) {
  const Ranks ranks(MPI_COMM_WORLD);
  if (ranks.size() == 1) throw InputError("an exchange takes 2, 4, 8, … ranks");
  const int bits = std::countr_zero(static_cast<unsigned>(ranks.size()));
  int wrong = 0;
  if (ranks.rank() == 0)
    fmt::print("{:>6} {:>6} {:>8} {:>14} {:>17} {:>14} {:>17} {:>6}  {}\n", "ranks", "slots",
               "MiB sent", "exchange ms", "least … most", "sendrecv ms", "least … most", "ratio",
               "verdict");
  for (const int local : {18, 23})
    for (const bool low : {false, true}) {
      const Index size = dimension(local), each = 2 * size / static_cast<Index>(ranks.size());
      AlignedVector<double> state(2 * size), from(each), to(each);
      Exchanger<double> exchanger(ranks, local, omp_get_max_threads());
      const RankExchange exchange = exchange_from(ranks, low ? 0 : local - bits);
      const int first = exchange.slots.front();
      const Index swapped = (static_cast<Index>(ranks.size()) - 1) << first;
      const auto value = [](int rank, Index x) {
        return static_cast<double>(x) + 0x1p32 * static_cast<double>(rank);
      };
      for (Index x = 0; x < 2 * size; ++x) state[x] = value(ranks.rank(), x);
      std::fill(from.begin(), from.end(), 1.0);
      const auto swap = [&] { exchanger.run(exchange, {state.data(), state.data() + size}); };
      const auto bare = [&] {
        for (std::size_t d = 1; d < exchange.peer.size(); ++d)
          swap_with<double>(ranks.comm(), exchange.peer[d], from, to);
        std::swap(from, to);  // as of the state, what came leaves next time: it was just written
      };
      std::vector<double> times[2];
      const int rounds = 4 * options.repetitions;  // even: afterwards all is back
      for (int r = -2; r < rounds; ++r)
        for (const bool ours : {true, false}) {
          MPI_Barrier(ranks.comm());
          const double begin = MPI_Wtime();
          ours ? swap() : bare();
          double seconds = MPI_Wtime() - begin;
          MPI_Allreduce(MPI_IN_PLACE, &seconds, 1, MPI_DOUBLE, MPI_MAX, ranks.comm());
          if (r >= 0) times[ours ? 0 : 1].push_back(1e3 * seconds);
        }
      double errors = 0.0;
      for (Index x = 0; x < 2 * size; ++x) errors += state[x] != value(ranks.rank(), x);
      swap();
      for (Index x = 0; x < 2 * size; ++x)
        errors += state[x] != value(static_cast<int>((x & swapped) >> first),
                                    (x & ~swapped) | (exchange.kept << first));
      ranks.sum(std::span<double>(&errors, 1));
      wrong += errors > 0.0;
      if (ranks.rank() > 0) continue;
      for (auto& t : times) std::sort(t.begin(), t.end());
      const auto median = [](const std::vector<double>& t) { return t[t.size() / 2]; };
      fmt::print(
          "{:>6} {:>6} {:>8.0f} {:>14.3f} {:>8.3f} … {:<6.3f} {:>14.3f} {:>8.3f} … {:<6.3f} "
          "{:>6.2f}  {}\n",
          ranks.size(), low ? "low" : "high",
          static_cast<double>(each * (exchange.peer.size() - 1) * sizeof(double)) * 0x1p-20,
          median(times[0]), times[0].front(), times[0].back(), median(times[1]), times[1].front(),
          times[1].back(), median(times[0]) / median(times[1]), errors > 0.0 ? "WRONG" : "exact");
    }
  return wrong != 0;
}

/// What the lines of one size must agree with.
struct Truth {
  std::string source;
  double value = 0.0;
  std::vector<double> gradient;

  bool agrees(double v, std::span<const double> g) const {
    double scale = 1e-3, worst = std::abs(v - value) / std::max(1.0, std::abs(value));
    for (double x : gradient) scale = std::max(scale, std::abs(x));
    for (std::size_t k = 0; k < gradient.size(); ++k)
      worst = std::max(worst, std::abs(g[k] - gradient[k]) / scale);
    return worst <= 1e-12;
  }
};

class Scaling {
 public:
  explicit Scaling(const Options& options) : options_(options) {
    MPI_Comm_size(MPI_COMM_WORLD, &size_);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
  }

  int run() {
    for (int ranks = 1; ranks <= size_; ranks *= 2) {
      MPI_Comm group = MPI_COMM_NULL;
      MPI_Comm_split(MPI_COMM_WORLD, rank_ < ranks ? 0 : MPI_UNDEFINED, rank_, &group);
      if (group != MPI_COMM_NULL) {
        measure_group(group, ranks);
        MPI_Comm_free(&group);
      }
      wait_asleep(MPI_COMM_WORLD);
    }
    int wrong = rank_ == 0 ? report() : 0;
    MPI_Bcast(&wrong, 1, MPI_INT, 0, MPI_COMM_WORLD);
    return wrong;
  }

 private:
  bool farm() const { return options_.mode == "farm"; }

  void measure_group(MPI_Comm group, int ranks) {
    const int spread_over = farm() ? 1 : ranks;
    const int qubits =
        options_.qubits +
        (options_.mode == "weak" ? std::countr_zero(static_cast<unsigned>(ranks)) : 0);
    const Circuit circuit = make_circuit(parse_family(options_.family), qubits, options_.sublayers);
    const int threads = omp_get_max_threads();
    const ExecutionPlan plan = plan_execution(
        circuit, {.engine = {parse_engine(options_.engine), Precision::float64, threads},
                  .ranks = spread_over});
    const Ranks state(farm() ? MPI_COMM_SELF : group);
    const auto problem = make_synthetic_problem(synthetic_couplings(qubits, 1));
    AlignedVector<double> cost(dimension(qubits) / static_cast<Index>(spread_over));
    problem->slice(plan.part(state.rank()), cost);
    auto engine = make_distributed_engine(state, plan, cost);

    // Fresh angles at every evaluation, the same on all ranks of a state.
    CounterRng rng(1, Stream::restart_angles, farm() ? static_cast<std::uint64_t>(rank_) : 0);
    std::vector<double> angles(static_cast<std::size_t>(circuit.angles)), gradient(angles.size());
    const auto draw = [&] {
      for (double& a : angles) a = 6.283185307179586 * rng.uniform();
    };
    draw();
    const double value = engine->expectation_and_gradient(angles, gradient);
    const bool expectation_agrees =
        std::abs(engine->expectation(angles) - value) <= 1e-12 * std::max(1.0, std::abs(value));
    std::string verdict = judge(circuit, angles, value, gradient);
    if (!expectation_agrees) verdict = "WRONG";

    const Measured forward = measure(group, state, options_, [&] {
      draw();
      engine->expectation(angles);
    });
    const Measured both = measure(group, state, options_, [&] {
      draw();
      engine->expectation_and_gradient(angles, gradient);
    });
    const int here = Communicator(group).node().size();
    if (rank_ != 0) return;
    const auto predicted = [&](bool with_gradient) {
      if (!options_.machine) return 0.0;
      return predict(*options_.machine, plan,
                     {(ranks + here - 1) / here, here, threads, spread_over}, with_gradient);
    };
    lines_.push_back({"forward", to_string(engine->kind()), qubits, ranks, forward,
                      plan.expectation_exchange, predicted(false), verdict});
    lines_.push_back({"gradient", to_string(engine->kind()), qubits, ranks, both,
                      plan.gradient_exchange, predicted(true), verdict});
  }

  /// Compares with the other engine on one rank where that is cheap, else with the fewest ranks.
  /// Rank 0's answer counts.
  std::string judge(const Circuit& circuit, std::span<const double> angles, double value,
                    std::span<const double> gradient) {
    if (rank_ != 0) return "";
    constexpr int cheap = 20;
    if (!truth_ || truth_qubits_ != circuit.qubits) {
      truth_qubits_ = circuit.qubits;
      if (circuit.qubits <= cheap) {
        AlignedVector<double> cost(dimension(circuit.qubits));
        make_synthetic_problem(synthetic_couplings(circuit.qubits, 1))->costs(0, cost);
        truth_ = Truth{"one rank, whole state", 0.0, std::vector<double>(angles.size())};
        truth_->value = make_engine(circuit, cost, {EngineKind::sweep})
                            ->expectation_and_gradient(angles, truth_->gradient);
      } else {
        truth_ = Truth{"fewest ranks", value, {gradient.begin(), gradient.end()}};
        return "not compared";
      }
    }
    return truth_->agrees(value, gradient) ? "equals " + truth_->source : "WRONG";
  }

  const Line* first(const std::string& what) const {
    for (const Line& line : lines_)
      if (line.what == what) return &line;
    return nullptr;
  }

  int report() const {
    constexpr const char* header =
        "mode,what,engine,family,qubits,sublayers,ranks,threads,median_seconds,least_seconds,"
        "most_seconds,speedup,efficiency,exchange_share,bytes_sent,bytes_planned,predicted_seconds,"
        "verdict";
    std::optional<std::ofstream> csv;
    nlohmann::json json = nlohmann::json::array();
    if (!options_.out.empty()) {
      csv.emplace(options_.out + "/scaling.csv");
      *csv << header << '\n';
    }
    fmt::print(
        "{:>8} {:>6} {:>6} {:>5} {:>7} {:>10} {:>17} {:>9} {:>8} {:>10} {:>8} {:>12} {:>12}  {}\n",
        "what", "engine", "qubits", "ranks", "threads", "median ms", "least … most", "predicted",
        "speedup", "efficiency", "sending", "bytes sent", "planned", "verdict");
    int wrong = 0;
    for (const Line& line : lines_) {
      const Measured& m = line.measured;
      const double gain = first(line.what)->measured.seconds / m.seconds;
      const bool constant_work = options_.mode == "strong";
      const double speedup = constant_work ? gain : gain * line.ranks;
      const double efficiency = speedup / line.ranks;
      const int threads = omp_get_max_threads();
      wrong += line.verdict == "WRONG";
      fmt::print(
          "{:>8} {:>6} {:>6} {:>5} {:>7} {:>10.2f} {:>8.2f} … {:<6.2f} {:>9} {:>8.2f} "
          "{:>10.2f} {:>7.1f}% {:>12.0f} {:>12.0f}  {}\n",
          line.what, line.engine, line.qubits, line.ranks, threads, 1e3 * m.seconds, 1e3 * m.least,
          1e3 * m.most, line.predicted > 0 ? fmt::format("{:.2f}", 1e3 * line.predicted) : "",
          speedup, efficiency, 100 * m.sending, m.bytes, line.planned_bytes, line.verdict);
      if (!csv) continue;
      *csv << fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n", options_.mode,
                          line.what, line.engine, options_.family, line.qubits, options_.sublayers,
                          line.ranks, threads, m.seconds, m.least, m.most, speedup, efficiency,
                          m.sending, m.bytes, line.planned_bytes, line.predicted, line.verdict);
      json.push_back({{"mode", options_.mode},
                      {"what", line.what},
                      {"engine", line.engine},
                      {"family", options_.family},
                      {"qubits", line.qubits},
                      {"sublayers", options_.sublayers},
                      {"ranks", line.ranks},
                      {"threads", threads},
                      {"median_seconds", m.seconds},
                      {"least_seconds", m.least},
                      {"most_seconds", m.most},
                      {"speedup", speedup},
                      {"efficiency", efficiency},
                      {"exchange_share", m.sending},
                      {"bytes_sent", m.bytes},
                      {"bytes_planned", line.planned_bytes},
                      {"predicted_seconds", line.predicted},
                      {"verdict", line.verdict}});
    }
    if (csv) std::ofstream(options_.out + "/scaling.json") << json.dump(1) << '\n';
    if (wrong) fmt::print(stderr, "{} results are wrong\n", wrong);
    return wrong != 0;
  }

  Options options_;
  int size_ = 1, rank_ = 0;
  std::vector<Line> lines_;
  std::optional<Truth> truth_;
  int truth_qubits_ = 0;
};

/// States that travel in one forward run: by this plan, by exhaustive search on few ranks, and by
/// the naive schedule. A Markdown table.
void print_plans(Family family) {
  fmt::print("| D | N |");
  const int bits[] = {1, 2, 4, 8, 12};
  for (int g : bits) fmt::print(" {} ranks |", 1 << g);
  fmt::print("\n|---|---|---|---|---|---|---|\n");
  for (int sublayers : {4, 8, 16})
    for (int qubits : {24, 28, 32, 36, 40}) {
      fmt::print("| {} | {} |", sublayers, qubits);
      const Circuit circuit = make_circuit(family, qubits, sublayers);
      for (int g : bits) {
        const int local = qubits - g;
        const ExchangePlan plan = plan_exchanges(circuit, local, Purpose::expectation);
        std::string exhaustive;
        if (g <= 2)
          exhaustive = fmt::format(
              " ({:.4g})",
              optimal_exchanges(circuit, local, Purpose::expectation).exchanged_states());
        fmt::print(" {:.4g}{} / {:.4g} |", plan.exchanged_states(), exhaustive,
                   naive_exchanged_states(circuit, local, Purpose::expectation));
      }
      fmt::print("\n");
    }
}

/// Predicted seconds of an expectation with gradient of N qubits on R ranks, and the efficiency
/// against the fewest ranks that have the memory; nullopt where these have not.
std::optional<double> predicted_gradient(const Options& options, int qubits, int ranks) {
  const Circuit circuit = make_circuit(parse_family(options.family), qubits, options.sublayers);
  const ExecutionPlan plan =
      plan_execution(circuit, {.engine = {parse_engine(options.engine)}, .ranks = ranks});
  const int here = std::min(ranks, options.ranks_per_node);
  const Layout layout{ranks / here, here, options.machine->cores / options.ranks_per_node, ranks};
  const double held = std::ldexp(8.0, qubits) / ranks + plan.bytes(layout.threads);
  if (here * held > options.machine->memory) return std::nullopt;
  return predict(*options.machine, plan, layout, true);
}

/// Strong scaling for each N, and weak scaling along the diagonal that begins at 28 qubits on one
/// rank. A Markdown table of what the machine file predicts.
void print_predictions(const Options& options) {
  const int counts[] = {1, 4, 16, 64, 256, 1024, 4096};
  fmt::print("| {}, D = {} |", options.machine->name, options.sublayers);
  for (int ranks : counts) fmt::print(" {} ranks |", ranks);
  fmt::print("\n|---|---|---|---|---|---|---|---|\n");
  for (int qubits : {32, 34, 36, 38, 40}) {
    fmt::print("| strong, N = {} |", qubits);
    double work = 0.0;  // rank seconds on the fewest ranks
    for (int ranks : counts) {
      const auto seconds = predicted_gradient(options, qubits, ranks);
      if (seconds && work == 0.0) work = *seconds * ranks;
      fmt::print(" {} |", seconds ? fmt::format("{} ({:.0f} %)", duration(*seconds),
                                                100.0 * work / (*seconds * ranks))
                                  : "no memory");
    }
    fmt::print("\n");
  }
  fmt::print("| weak, N = 28 on one |");
  double first = 0.0;
  for (int ranks : counts) {
    const int qubits = 28 + std::countr_zero(static_cast<unsigned>(ranks));
    const auto seconds = predicted_gradient(options, qubits, ranks);
    if (seconds && first == 0.0) first = *seconds;
    fmt::print(" {} |",
               seconds ? fmt::format("{} ({:.0f} %)", duration(*seconds), 100.0 * first / *seconds)
                       : "no memory");
  }
  fmt::print("\n");
}

}  // namespace
}  // namespace qhn

int main(int argc, char** argv) {
  qhn::Options options;
  CLI::App app("Times expectation and gradient of one state on 1, 2, 4, … ranks of this job.");
  app.add_option(
         "--mode", options.mode,
         "strong: the same state; weak: one qubit more per doubling; farm: a state per rank")
      ->check(CLI::IsMember({"strong", "weak", "farm"}));
  app.add_option("--family", options.family, "product, linear or all-to-all");
  app.add_option("--engine", options.engine, "automatic, cut or sweep");
  qhn::add_integer(app, "--qubits", options.qubits, "of the state on one rank", 2, 62);
  qhn::add_integer(app, "--sublayers", options.sublayers, "D", 1, 1000);
  qhn::add_integer(app, "--evaluations", options.evaluations, "timed together", 1, 1000000);
  qhn::add_integer(app, "--repetitions", options.repetitions, "of which the median counts", 1,
                   1000);
  app.add_option("--out", options.out, "an existing folder for scaling.csv and scaling.json")
      ->check(CLI::ExistingDirectory);
  bool plans = false;
  app.add_flag("--plans", plans,
               "Measure nothing; print what travels, in states: plan (optimum) / naive");
  bool exchange = false;
  app.add_flag("--exchange", exchange,
               "Time exchanges of the highest and lowest qubits on all ranks beside MPI_Sendrecv");
  std::string machine;
  app.add_option("--machine", machine, "Machine file to predict from (see qhn plan)");
  bool predict = false;
  app.add_flag(
      "--predict", predict,
      "Measure nothing; print what --machine predicts for 32 to 40 qubits on 1 to 4096 ranks");
  qhn::add_integer(app, "--ranks-per-node", options.ranks_per_node, "of a prediction", 1, 1 << 20);
  qhn::refuse_empty_words(app);
  try {
    app.parse(argc, argv);
    if (!machine.empty()) options.machine = qhn::read_machine(machine);
    if (predict && machine.empty()) throw qhn::InputError("--predict needs --machine FILE");
    if (plans) qhn::print_plans(qhn::parse_family(options.family));
    if (predict) qhn::print_predictions(options);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  } catch (const qhn::InputError& e) {
    fmt::print(stderr, "qhn_scaling: {}\n", e.what());
    return 2;
  }
  if (plans || predict) return 0;

  int provided = 0;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
  int code = 0;
  try {
    code = exchange ? qhn::compare_exchanges(options) : qhn::Scaling(options).run();
  } catch (const std::exception& e) {
    fmt::print(stderr, "qhn_scaling: {}\n", e.what());
    MPI_Abort(MPI_COMM_WORLD, 1);
  }
  MPI_Finalize();
  return code;
}
