#include "campaign/thread_plan.hpp"

#include <cmath>
#include <span>

namespace qhn {
namespace {

/// Serial share of the time of a gradient with at least this many multiply-adds.
struct SerialShare {
  double multiply_adds, share;
};
constexpr SerialShare cut_shares[] = {{0, 1.0}, {1e6, 0.65}, {1e7, 0.35}, {3e7, 0.05}};
constexpr SerialShare sweep_shares[] = {{0, 1.0}, {5e7, 0.25}, {1.5e8, 0.15}, {4e8, 0.05}};
/// Slowdown of an evaluation if the states overflow the last-level cache; factor by which a single
/// state may exceed the cache and still count as fitting.
constexpr double overflow_slowdown = 1.3, nearly_fits = 1.3;

std::span<const SerialShare> shares_of(EngineKind engine) {
  if (engine == EngineKind::cut) return cut_shares;
  if (engine == EngineKind::sweep) return sweep_shares;
  return std::span(cut_shares).first(1);  // the reference engine uses one thread
}

/// Rounds that `restarts` take when `at_once` run at once.
double rounds(std::uint64_t restarts, int at_once) {
  return std::ceil(static_cast<double>(restarts) / at_once);
}

}  // namespace

Evaluation evaluation_of(const Circuit& circuit, const EngineOptions& options) {
  const EngineKind kind =
      options.kind == EngineKind::automatic ? choose_engine(circuit) : options.kind;
  return {kind, evaluation_multiply_adds(circuit, kind),
          static_cast<double>(engine_bytes(circuit, options)), std::ldexp(8.0, circuit.qubits)};
}

double shared_speedup(const Evaluation& evaluation, int threads) {
  double serial = 1.0;
  for (const SerialShare& s : shares_of(evaluation.engine))
    if (evaluation.multiply_adds >= s.multiply_adds) serial = s.share;
  return 1.0 / (serial + (1.0 - serial) / threads);
}

ThreadPlan plan_threads(const Evaluation& evaluation, const Resources& resources,
                        std::uint64_t restarts, bool memory_for_all) {
  const ThreadPlan apart{resources.threads, 1}, together{1, resources.threads};
  if (!memory_for_all) return together;
  const auto held = [&](int states) {
    return evaluation.table_bytes + states * resources.ranks_on_node * evaluation.bytes;
  };
  const bool overflows =
      held(1) <= nearly_fits * resources.cache && held(resources.threads) > resources.cache;
  const double time_apart =
      rounds(restarts, resources.ranks * resources.threads) * (overflows ? overflow_slowdown : 1.0);
  const double time_together =
      rounds(restarts, resources.ranks) / shared_speedup(evaluation, resources.threads);
  return time_apart <= time_together ? apart : together;
}

}  // namespace qhn
