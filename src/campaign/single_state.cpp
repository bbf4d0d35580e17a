#include "campaign/single_state.hpp"

#include <omp.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdlib>

#include "campaign/memory.hpp"
#include "campaign/node_memory.hpp"
#include "campaign/same_input.hpp"
#include "comm/launcher.hpp"
#include "comm/processors.hpp"
#include "core/costs.hpp"
#include "core/error.hpp"
#include "record/angles.hpp"

namespace qhn {

namespace {

void read(const SingleStateOptions& options, SingleState& s) {
  s.experiment = read_experiment(options.experiment, options.overrides);
  const ProblemOptions& problem = s.experiment.problem;
  const double available = available_memory();
  require_memory_for_data(options.experiment, problem, available);
  const int bits = problem.kind == ProblemKind::csv ? 0 : network_bits(problem);
  if (bits > 0 && options.ranks == 1)
    require_memory(options.experiment, least_memory_need(bits), available);
}

void take_angles(const SingleStateOptions& options, SingleState& s) {
  s.plan.circuit = make_circuit(s.experiment, s.problem->bits());
  std::string remark;
  s.angles =
      read_angles(options.angles, options.row, static_cast<std::size_t>(s.plan.circuit.angles),
                  options.ignore_extra, &remark);
  if (!remark.empty() && s.speaks()) spdlog::warn("{}", remark);
}

/// Plans by the memory of the rank with the least. Collective over `s.ranks`.
void plan(const SingleStateOptions& options, bool gradient, bool measured, SingleState& s) {
  const int threads =
      options.threads > 0 ? options.threads : default_threads(count_cores(allowed_processors()));
  omp_set_num_threads(threads);
  const double available = available_memory();
  const int here = s.ranks ? s.ranks->comm().node().size() : 1;
  const EngineKind kind = measured ? EngineKind::sweep : s.experiment.engine;
  ExecutionRequest request{
      {kind, s.experiment.precision, threads, gradient}, measured, options.ranks};
  request.memory = memory_for_engine(available, here, s.plan.circuit.qubits, options.ranks);
  if (s.ranks)
    MPI_Allreduce(MPI_IN_PLACE, &request.memory, 1, MPI_DOUBLE, MPI_MIN, s.ranks->comm());
  s.plan = plan_execution(s.plan.circuit, request);
  require_memory(options.experiment, s.plan.memory(here), available,
                 [&] { return remedies(s.plan, request, available); });
  if (!s.plan.reason.empty() && s.speaks())
    spdlog::info("engine {}: {}", to_string(s.plan.engine.kind), s.plan.reason);
}

void fill_costs(SingleState& s) {
  if (s.ranks) {
    const IndexMap part = s.plan.part(s.ranks->rank());
    s.costs.resize(dimension(part.slots()));
    s.problem->slice(part, s.costs);
    require_finite(s.costs, [&](Index x) { return part(x); });
  } else {
    s.costs.resize(dimension(s.plan.circuit.qubits));
    s.problem->costs(0, s.costs);
    require_finite(s.costs, [](Index w) { return w; });
  }
  s.minimum = *std::min_element(s.costs.begin(), s.costs.end());
}

}  // namespace

SingleState prepare_single_state(const SingleStateOptions& options, bool gradient, bool measured) {
  SingleState s;
  if (options.ranks == 1) {
    refuse_several_ranks(measured ? "sample" : "evaluate", "--ranks-per-state", std::getenv);
    read(options, s);
    s.problem = make_problem(s.experiment.problem);
    take_angles(options, s);
    print_remarks(*s.problem);
    plan(options, gradient, measured, s);
    fill_costs(s);
    return s;
  }
  s.session = std::make_unique<MpiSession>();
  require_same_launch(*s.session);
  std::vector<Given> mine;
  s.session->agree([&] {
    require_ranks_per_state(options.ranks, s.session->size());
    for (const std::string& path : {options.experiment, options.angles})
      require_readable(path, options.ranks);
    read(options, s);
    mine = given_experiment(s.experiment, options.experiment, options.overrides);
  });
  require_same(*s.session, mine);
  std::string data_sha256;
  s.problem = load_problem(*s.session, s.experiment.problem, data_sha256);
  if (s.speaks()) print_remarks(*s.problem);
  s.session->agree([&] {
    take_angles(options, s);
    mine = {given_file(options.angles)};
  });
  require_same(*s.session, mine);
  if (!s.session->narrow(options.ranks)) return s;
  s.ranks = std::make_unique<Ranks>(s.session->world());
  s.session->agree([&] {
    plan(options, gradient, measured, s);
    fill_costs(s);
  });
  MPI_Allreduce(MPI_IN_PLACE, &s.minimum, 1, MPI_DOUBLE, MPI_MIN, s.ranks->comm());
  return s;
}

}  // namespace qhn
