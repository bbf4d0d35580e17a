#include <fmt/format.h>
#include <fmt/ranges.h>
#include <omp.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "campaign/experiment.hpp"
#include "campaign/memory.hpp"
#include "campaign/node_memory.hpp"
#include "campaign/same_input.hpp"
#include "campaign/sweep.hpp"
#include "cli/links.hpp"
#include "cli/options.hpp"
#include "cli/verbs.hpp"
#include "comm/distributed_engine.hpp"
#include "comm/launcher.hpp"
#include "comm/mpi_session.hpp"
#include "comm/processors.hpp"
#include "core/error.hpp"
#include "core/paths.hpp"
#include "core/printable.hpp"
#include "core/quantities.hpp"
#include "engine/execution_plan.hpp"
#include "perf/load.hpp"
#include "perf/machine_file.hpp"
#include "perf/measure.hpp"
#include "problem/network.hpp"
#include "problem/sample_memory.hpp"
#include "record/output.hpp"
#include "record/provenance.hpp"

namespace qhn {
namespace {

struct PlanOptions {
  std::string experiment;
  std::vector<std::string> overrides;
  std::string machine;
  int cores = 0, domains = 0;  // of a node; 0: of the machine file, or this node
  std::uint64_t memory = 0;    // bytes; 0: likewise
  int nodes = 1;
  int ranks = 0;    // 0: one per NUMA domain, or ranks_per_state
  int threads = 0;  // 0: cores of a node / its ranks
  int ranks_per_state = 1;
  bool measure = false;
  std::string out;
  std::string format = "text";
};

// ---- qhn plan --measure ----

std::string measure_machine(std::optional<Link> node, std::optional<Link> network) {
  Machine m;
  const Provenance here = collect_provenance();
  m.name = host_name();
  m.measured = true;
  m.cores = count_cores(allowed_processors());
  m.source = fmt::format("qhn plan --measure, qhn {}, {}, {}, {}", version_line(), here.cpu,
                         here.simd, here.started);
  m.memory = available_memory();
  m.node = node;
  m.network = network;
  spdlog::info("measuring with one core, then with {}: takes about four minutes", m.cores);
  m.one = measure_cores(1);
  m.all = m.cores == 1 ? m.one : measure_cores(m.cores);
  m.each = m.cores == 1 ? m.one.share : measure_crowd(m.one, m.cores, 0.5 * m.memory);
  return to_toml(m);
}

/// Lets this rank use all processors of its node, because launchers bind it to some. Collective.
void widen_to_node(const Communicator& world) {
  const cpu_set_t mine = allowed_processors(), all = processors_of(world.node());
  if (CPU_EQUAL(&mine, &all)) return;
  if (sched_setaffinity(0, sizeof all, &all) != 0 || omp_get_proc_bind() != omp_proc_bind_false)
    throw InputError(
        "a rank is bound to its own processors, but --measure needs the whole node; allowed: "
        "mpirun --bind-to none, and no OMP_PROC_BIND");
}

void run_measure(const PlanOptions& options) {
  const auto environment = [](const char* name) -> const char* { return std::getenv(name); };
  std::optional<MpiSession> session;
  std::optional<Link> node, network;
  if (launched_ranks(environment) > 1) {
    session.emplace();
    require_same_launch(*session);
    refuse_lonely_rank(session->size(), environment);
    const std::vector<int> node_of = session->world().nodes();
    node = measure_link(session->world(), node_of, true);
    network = measure_link(session->world(), node_of, false);
    session->agree([&] { widen_to_node(session->world()); });
  }
  // One thread per core: they measure at the same time and wait for each other.
  const auto require_threads = [] {
    const int cores = count_cores(allowed_processors());
    if (cores > omp_get_thread_limit())
      throw InputError(fmt::format("{} cores, but OpenMP allows {} threads here (OMP_THREAD_LIMIT)",
                                   cores, omp_get_thread_limit()));
  };
  if (session)
    session->agree(require_threads);
  else
    require_threads();
  if (session && session->rank() != 0) return wait_asleep(session->world());
  omp_set_dynamic(0);
  Output out(options.out);  // fails now, not after minutes
  out.write(measure_machine(node, network));
  out.finish();
  if (session) wait_asleep(session->world());
}

// ---- qhn plan EXPERIMENT ----

/// Everything that follows from an experiment and a layout.
struct Plan {
  Experiment experiment;
  Layout layout;
  ExecutionRequest request;
  ExecutionPlan execution;
  double table = 0.0, states = 0.0, buffers = 0.0;  ///< bytes per rank; table: its share
  DataBytes data;                                   ///< per node
  EvaluationLoad expectation, gradient;

  double rank_bytes() const { return table + states + buffers; }
  /// Peak: while restarts run, or while data are read before.
  double node_bytes() const {
    return std::max(rank_bytes() * layout.ranks_per_node + data.held, data.loading);
  }
  /// Number of states simulated at once.
  int workers() const { return layout.ranks() / layout.ranks_per_state * execution.workers; }
};

Plan make_plan(const Experiment& experiment, const DataBytes& data, const Circuit& circuit,
               const Layout& layout, double all_memory) {
  Plan p{
      experiment, layout, execution_request(experiment, layout.ranks_per_state), {}, 0, 0, 0, data,
      {},         {}};
  const double node_memory = all_memory - data.held;
  p.request.memory =
      memory_for_engine(node_memory, layout.ranks_per_node, circuit.qubits, p.request);
  p.execution = plan_execution(circuit, p.request);
  assign_threads(p.execution,
                 {layout.threads, layout.ranks(), layout.ranks_per_node, 0.0, node_memory},
                 experiment.restart_count);
  p.expectation = evaluation_load(p.execution, false);
  p.gradient = evaluation_load(p.execution, true);
  // One copy of each table, shared by the node, or a part for each rank.
  p.table = p.execution.tables * p.execution.table_bytes /
            (layout.ranks_per_state == 1 ? layout.ranks_per_node : layout.ranks_per_state);
  p.states = p.execution.workers * p.execution.bytes(p.execution.engine.threads);
  if (const double held = p.execution.state_bytes(); held > 0.0) {
    p.buffers = p.states - held;  // messages, sums; for float32 also its table
    p.states = held;
  }
  return p;
}

/// In the format of sbatch, rounded up to minutes.
std::string wall_time(double seconds) {
  const auto minutes = static_cast<std::int64_t>(std::ceil(seconds / 60.0));
  return fmt::format("{:02}:{:02}:00", minutes / 60, minutes % 60);
}

std::string describe(const Layout& l) {
  return fmt::format("{} node{}, {} rank{} a node, {} thread{} a rank, {} rank{} a state", l.nodes,
                     l.nodes == 1 ? "" : "s", l.ranks_per_node, l.ranks_per_node == 1 ? "" : "s",
                     l.threads, l.threads == 1 ? "" : "s", l.ranks_per_state,
                     l.ranks_per_state == 1 ? "" : "s");
}

/// Evaluations of a restart that ends at the iteration limit: mnist-01 takes 536 for 500
/// iterations.
double most_evaluations(const Experiment& e) {
  return 536.0 / 500.0 * e.optimizer.lbfgs.max_iterations;
}

/// Circuits of such a restart with measured shots: those of gradients, and E of every iterate.
double most_circuits(const Plan& p) {
  const ShotOptions& o = p.experiment.shots;
  const std::size_t gradient =
      o.gradient == ShotGradient::shift ? 2 * live_angles(p.execution.circuit).size()
      : p.execution.fidelities          ? 2 + 1 + fidelities_of_metric  // 1: the state at x
                                        : 2;
  const OptimizerOptions& optimizer = p.experiment.optimizer;
  const bool blocking = p.execution.fidelities && optimizer.qnspsa.blocking;
  return optimizer.max_iterations * (static_cast<double>(gradient) + (blocking ? 2.0 : 1.0)) +
         (blocking ? QnSpsaOptions::first_estimates : 0);
}

struct Prediction {
  double expectation, gradient, campaign;
};

Prediction predict(const Machine& machine, const Plan& p) {
  const int busy = std::min(machine.cores, p.layout.ranks_per_node * p.layout.threads);
  const int threads = std::min(p.execution.engine.threads, machine.cores);
  const auto seconds = [&](const EvaluationLoad& load) {
    return evaluation_seconds(machine, load, threads, std::max(busy, threads), p.layout);
  };
  Prediction t{seconds(p.expectation), seconds(p.gradient), 0.0};
  const double rounds = std::ceil(static_cast<double>(p.experiment.restart_count) / p.workers());
  t.campaign = rounds * (p.execution.shots ? most_circuits(p) * t.expectation
                                           : most_evaluations(p.experiment) * t.gradient);
  return t;
}

void print_memory(const Plan& p, double available) {
  const auto line = [](const char* name, double bytes) {
    fmt::print("  {:<10}{}\n", name, in_bytes(bytes));
  };
  fmt::print("memory of a rank\n");
  line("table", p.table);
  line("states", p.states);
  line("buffers", p.buffers);
  fmt::print("memory of a node\n");
  line("samples", p.data.held);
  line("reading", p.data.loading);
  line("needed", p.node_bytes());
  line("available", available);
}

void print_exchanges(const Plan& p) {
  const ExecutionPlan& e = p.execution;
  if (e.ranks == 1) {
    fmt::print("stages       1, nothing is exchanged\n");
    return;
  }
  if (e.engine.kind == EngineKind::cut)
    fmt::print("stages       1, {} branches, summed over the ranks\n", e.cut.branches());
  else
    fmt::print("stages       {}, {} of {} qubits local\n", e.exchanges.stages.size(),
               e.exchanges.local_qubits, e.circuit.qubits);
  fmt::print("exchanged    by a rank: {} for the expectation, {} with gradient\n",
             in_bytes(p.expectation.exchanged_bytes), in_bytes(p.gradient.exchanged_bytes));
}

/// Memory per node of a batch job, in the format of sbatch: the planned bytes, 10 % more, and 256
/// MiB per rank for libraries and buffers.
std::string job_memory(const Plan& p, double node_memory) {
  const double bytes = 1.1 * p.node_bytes() + p.layout.ranks_per_node * std::ldexp(1.0, 28);
  return fmt::format("{:.0f}M", std::ceil(std::ldexp(std::min(bytes, node_memory), -20)));
}

/// Options of sbatch. jobs/submit passes them on unchanged.
std::vector<std::string> job_options(const Plan& p, double node_memory,
                                     const std::optional<Prediction>& t) {
  std::vector<std::string> words{fmt::format("--nodes={}", p.layout.nodes),
                                 fmt::format("--ntasks-per-node={}", p.layout.ranks_per_node),
                                 fmt::format("--cpus-per-task={}", p.layout.threads),
                                 "--mem=" + job_memory(p, node_memory)};
  // 50 % more, for the table and errors of the prediction. Runs that are cut off can be resumed.
  if (t) words.push_back("--time=" + wall_time(std::clamp(1.5 * t->campaign, 600.0, 24 * 3600.0)));
  return words;
}

void print_job(const PlanOptions& options, const Plan& p, const std::vector<std::string>& words) {
  const Layout& l = p.layout;
  fmt::print("sbatch       {}\n", fmt::join(words, " "));
  std::string line =
      fmt::format("jobs/submit {} --nodes {} --ntasks-per-node {} --cpus-per-task {}",
                  shell_quoted(options.experiment), l.nodes, l.ranks_per_node, l.threads);
  if (!options.machine.empty()) line += " --machine " + shell_quoted(options.machine);
  std::string end;
  if (l.ranks_per_state > 1) end = fmt::format(" --ranks-per-state {}", l.ranks_per_state);
  for (const std::string& change : options.overrides) {
    const std::string word = shell_quoted(change);
    end += " --set " + (word == change ? "'" + word + "'" : word);
  }
  fmt::print("job          {}{}{}\n", line, end.empty() ? "" : " --", end);
}

Layout layout_of(const PlanOptions& o, int cores, int domains) {
  Layout l{o.nodes, 1, o.threads, o.ranks_per_state};
  const int ranks = o.ranks > 0              ? o.ranks
                    : o.ranks_per_state == 1 ? o.nodes * domains
                                             : std::max(o.nodes, o.ranks_per_state);
  if (ranks % o.nodes != 0)
    throw InputError(
        fmt::format("--ranks {}: there are {} nodes; allowed: a multiple of that", ranks, o.nodes));
  const bool power = (o.ranks_per_state & (o.ranks_per_state - 1)) == 0;
  if (!power || ranks % o.ranks_per_state != 0) {
    std::string allowed;
    for (int r = 1; r <= ranks; r *= 2)
      if (ranks % r == 0) allowed += fmt::format("{}{}", r == 1 ? "" : ", ", r);
    throw InputError(fmt::format("--ranks-per-state {}: {} ranks; allowed: {}", o.ranks_per_state,
                                 ranks, allowed));
  }
  l.ranks_per_node = ranks / o.nodes;
  if (l.threads == 0) l.threads = std::max(1, cores / l.ranks_per_node);
  return l;
}

/// Number of qubits, and memory of the data. Reads data files only if needed for that.
std::pair<int, DataBytes> survey_data(const std::string& source, const ProblemOptions& options) {
  DataBytes bytes = estimate_data_bytes(options);
  int inputs = 2;
  auto train = static_cast<std::size_t>(options.train_samples),
       test = static_cast<std::size_t>(options.test_samples);
  switch (options.kind) {
    case ProblemKind::table:
    case ProblemKind::synthetic: {
      const int bits = network_bits(options);
      return {bits > 0 ? bits : make_problem(options)->bits(), bytes};
    }
    case ProblemKind::csv:
    case ProblemKind::images: {
      require_memory_for_data(source, options, available_memory());
      const DataSplit data = load_data(options);
      for (const std::string& remark : data.remarks) spdlog::warn("{}", printable(remark));
      inputs = data.train.inputs;
      train = data.train.size();
      test = data.test.size();
      break;
    }
    case ProblemKind::gaussian:
      break;
  }
  bytes.held = data_bytes(options, inputs, train, test);
  return {Network(options, inputs).bits(), bytes};
}

/// The plan of an experiment; of a sweep that of the point which needs most memory, with the time
/// of all.
struct Planned {
  std::size_t points = 1;
  Circuit circuit;
  Plan plan;
  std::optional<Prediction> times;  // with a machine
};
Planned plan_all(const PlanOptions& options, const std::optional<Machine>& machine,
                 const Layout& layout, double memory) {
  const Sweep sweep = read_sweep(options.experiment, options.overrides);
  std::vector<std::vector<std::string>> points;  // as overrides
  if (sweep.empty()) points.push_back(options.overrides);
  for (const SweepPoint& point : sweep.points) points.push_back(point.on_top_of(options.overrides));
  std::optional<Planned> largest;
  std::map<std::string, std::pair<int, DataBytes>> surveyed;
  double seconds = 0.0;
  for (const std::vector<std::string>& overrides : points) {
    const Experiment experiment = read_experiment(options.experiment, overrides);
    const std::string problem = to_problem_toml(experiment);
    if (!surveyed.contains(problem))
      surveyed[problem] = survey_data(options.experiment, experiment.problem);
    const auto& [qubits, data] = surveyed[problem];
    Circuit circuit = make_circuit(experiment, qubits);
    Planned here{points.size(), circuit, make_plan(experiment, data, circuit, layout, memory), {}};
    if (machine) here.times = predict(*machine, here.plan);
    if (here.times) seconds += here.times->campaign;
    if (!largest || here.plan.node_bytes() > largest->plan.node_bytes()) largest = std::move(here);
  }
  if (largest->times) largest->times->campaign = seconds;
  return *std::move(largest);
}

void run_plan(const PlanOptions& options) {
  refuse_several_ranks("plan", "--measure", std::getenv);
  std::optional<Machine> machine;
  if (!options.machine.empty()) machine = read_machine(options.machine);
  const auto either = [&](auto asked, auto machine_has, const auto& here) {
    return asked > 0 ? asked : machine ? machine_has : here();
  };
  const int cores = either(options.cores, machine ? machine->cores : 0,
                           [] { return count_cores(allowed_processors()); });
  const int domains =
      either(options.domains, 1, [] { return count_numa_domains(allowed_processors()); });
  const double memory = either(static_cast<double>(options.memory), machine ? machine->memory : 0.0,
                               [] { return available_memory(); });
  const Layout layout = layout_of(options, cores, domains);
  const auto [points, circuit, plan, times] = plan_all(options, machine, layout, memory);
  const std::vector<std::string> words = job_options(plan, memory, times);
  const auto require_fit = [&] {
    if (plan.node_bytes() > memory)
      throw InputError(fmt::format("{}: {} need {} of a node, which has {}{}", options.experiment,
                                   describe(layout), in_bytes(plan.node_bytes()), in_bytes(memory),
                                   remedies(plan.execution, plan.request, memory)));
  };
  if (options.format == "sbatch") {
    require_fit();
    fmt::print("{}\n", fmt::join(words, "\n"));
    return;
  }

  if (points > 1)
    fmt::print("sweep        {} points; what follows is the one that needs most memory\n", points);
  fmt::print("experiment   {}: {} qubits, {} angles, {} restarts\n",
             printable(plan.experiment.name), circuit.qubits, circuit.angles,
             plan.experiment.restart_count);
  fmt::print("layout       {}\n", describe(layout));
  fmt::print("states       {} at once, each with {} thread{} per rank\n", plan.workers(),
             plan.execution.engine.threads, plan.execution.engine.threads == 1 ? "" : "s");
  const std::string& reason = plan.execution.reason;
  fmt::print("engine       {}{}{}\n", to_string(plan.execution.engine.kind),
             reason.empty() ? "" : ": ", reason);
  print_exchanges(plan);
  print_memory(plan, memory);

  if (times) {
    fmt::print("prediction   for {} ({}: {})\n", printable(machine->name),
               machine->measured ? "measured" : "described, not measured",
               printable(machine->source));
    fmt::print("  expectation               {}\n", duration(times->expectation));
    fmt::print("  expectation and gradient  {}\n", duration(times->gradient));
    fmt::print("  {:<24}  at most about {}, without the cost table{}\n",
               points > 1 ? "all points" : "campaign", duration(times->campaign),
               points > 1 ? "s" : "");
  } else {
    fmt::print(
        "prediction   none: give --machine FILE (qhn plan --measure --out FILE writes one)\n");
  }

  std::optional<Plan> smallest;  // one rank on each of its nodes
  if (const auto fits = smallest_plan(circuit, plan.request, memory - plan.data.held))
    smallest = make_plan(plan.experiment, plan.data, circuit, {fits->ranks, 1, cores, fits->ranks},
                         memory);
  fmt::print("smallest     {}\n",
             smallest ? describe(smallest->layout) : "no number of these nodes can hold a state");
  if (smallest && machine && (machine->network || smallest->layout.ranks_per_state == 1))
    fmt::print("             longest single evaluation there: {}\n",
               duration(predict(*machine, *smallest).gradient));
  require_fit();
  print_job(options, plan, words);
}

}  // namespace

void add_plan(CLI::App& app) {
  auto options = std::make_shared<PlanOptions>();
  CLI::App* verb = app.add_subcommand(
      "plan", "Predict memory, messages and time of an experiment, and show its batch job");
  verb->add_option("EXPERIMENT", options->experiment, "Experiment file (TOML)");
  add_set(*verb, options->overrides);
  add_integer(*verb, "--nodes", options->nodes, "Nodes (default: 1)", 1, 1 << 20);
  add_integer(*verb, "--ranks", options->ranks,
              "Total number of ranks (default: one per NUMA domain, or --ranks-per-state)", 1,
              1 << 24);
  add_integer(*verb, "--threads", options->threads,
              "Threads per rank (default: cores of a node / its ranks)", 1, max_threads);
  add_integer(*verb, "--ranks-per-state", options->ranks_per_state,
              "Ranks that hold one distributed state: a power of two (default: 1)", 1, 1 << 20);
  verb->add_option("--machine", options->machine,
                   "Machine file to predict times from (default: no times; memory and cores of "
                   "this node)");
  add_integer(*verb, "--cores", options->cores,
              "Cores of a node (default: of the machine file, or this node)", 1, max_threads);
  add_bytes(*verb, "--memory", options->memory,
            "Memory of a node, e.g. 240G (default: of the machine file, or this node)");
  add_integer(*verb, "--domains", options->domains,
              "NUMA domains of a node (default: 1 with a machine file, else of this node)", 1,
              max_threads);
  verb->add_option("--format", options->format,
                   "text (default), or sbatch: only the options of the batch job, one per line")
      ->check(CLI::IsMember({"text", "sbatch"}));
  verb->add_flag(
      "--measure", options->measure,
      "Measure this machine and write a machine file; under mpirun also measure its links");
  verb->add_option("--out", options->out,
                   "With --measure: file to write (default, or -: standard output)");
  verb->footer(
      "Examples:\n  mpirun -n 2 qhn plan --measure --out machine.toml\n"
      "  qhn plan jobs/experiments/gaussian.toml --machine machine.toml\n"
      "  qhn plan jobs/experiments/synthetic.toml --set problem.qubits=36 --nodes 64 "
      "--ranks-per-state 64 \\\n           --machine jobs/machines/epyc-slingshot.toml");
  verb->callback([options] {
    if (options->measure == !options->experiment.empty())
      throw InputError("qhn plan: one of EXPERIMENT and --measure is needed");
    if (options->measure)
      run_measure(*options);
    else if (!options->out.empty())
      throw InputError("--out: allowed only with --measure");
    else
      run_plan(*options);
  });
}

}  // namespace qhn
