#include "campaign/single_state.hpp"

#include <fmt/format.h>
#include <omp.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <span>

#include "campaign/memory.hpp"
#include "campaign/node_memory.hpp"
#include "campaign/same_input.hpp"
#include "comm/processors.hpp"
#include "core/costs.hpp"
#include "core/error.hpp"
#include "core/sha256.hpp"
#include "record/angles.hpp"

namespace qhn {

namespace {

void check_memory(const SingleStateOptions& options, const Experiment& experiment) {
  const ProblemOptions& problem = experiment.problem;
  const double available = available_memory();
  require_memory_for_data(experiment.source, problem, available);
  const int bits = problem.kind == ProblemKind::csv ? 0 : network_bits(problem);
  if (bits > 0 && options.ranks == 1)
    require_memory(experiment.source, least_memory_need(bits), available);
}

void take_angles(const SingleStateOptions& options, SingleState& s) {
  s.plan.circuit = make_circuit(s.experiment, s.problem->bits());
  if (options.restart.given()) {
    require_its_data(options.restart, s.data_sha256, options.overrides);
    s.states = read_final_angles(options.restart, static_cast<std::size_t>(s.plan.circuit.angles));
    return;
  }
  std::string remark;
  s.states = {{std::nullopt, read_angles(options.angles, options.row,
                                         static_cast<std::size_t>(s.plan.circuit.angles),
                                         options.ignore_extra, &remark)}};
  if (!remark.empty() && s.speaks()) spdlog::warn("{}", remark);
}

Given given_angles(const TrainedRestart& restart, const std::vector<NamedAngles>& states) {
  std::string hashes;
  for (const NamedAngles& state : states) {
    const std::span<const double> angles = state.angles;
    hashes += sha256({reinterpret_cast<const char*>(angles.data()), angles.size_bytes()});
  }
  return {fmt::format("the angles of {}", restart.from), "sha256 " + sha256(hashes), ""};
}

/// Plans by the memory of the rank with the least. Collective over `s.ranks`.
void plan(const SingleStateOptions& options, bool gradient, bool measured, SingleState& s) {
  const int threads =
      options.threads > 0 ? options.threads : default_threads(count_cores(allowed_processors()));
  omp_set_num_threads(threads);
  const double available = available_memory();
  const int here = s.ranks ? s.ranks->comm().node().size() : 1;
  const EngineKind measuring = s.plan.circuit.noise.none() ? EngineKind::sweep : EngineKind::tensor;
  const EngineKind kind = measured ? measuring : s.experiment.engine;
  ExecutionRequest request{
      {kind, s.experiment.precision, threads, gradient}, measured, options.ranks, options.tables};
  request.memory = memory_for_engine(available, here, s.plan.circuit.qubits, request);
  if (s.ranks)
    MPI_Allreduce(MPI_IN_PLACE, &request.memory, 1, MPI_DOUBLE, MPI_MIN, s.ranks->comm());
  s.plan = plan_execution(s.plan.circuit, request);
  require_memory(s.experiment.source, s.plan.memory(here), available,
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
  require_one_origin(options.experiment, options.angles, options.restart);
  SingleState s;
  load(
      {measured ? "sample" : "evaluate", options.experiment, options.restart, options.overrides,
       options.ranks, "--ranks-per-state"},
      [&](const Experiment& experiment) { check_memory(options, experiment); }, s);
  if (!s.has_part()) return s;
  if (!s.session) {
    take_angles(options, s);
    plan(options, gradient, measured, s);
    fill_costs(s);
    return s;
  }
  std::vector<Given> mine;
  s.session->agree([&] {
    if (!options.restart.given()) require_readable(options.angles, options.ranks);
    take_angles(options, s);
    mine = {options.restart.given() ? given_angles(options.restart, s.states)
                                    : given_file(options.angles)};
  });
  require_same(*s.session, mine);
  s.session->agree([&] {
    plan(options, gradient, measured, s);
    fill_costs(s);
  });
  MPI_Allreduce(MPI_IN_PLACE, &s.minimum, 1, MPI_DOUBLE, MPI_MIN, s.ranks->comm());
  return s;
}

}  // namespace qhn
