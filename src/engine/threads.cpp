// Whether threads share one state or have independent states.
#include <cmath>

#include "engine/engines.hpp"
#include "engine/execution_plan.hpp"

namespace qhn {
namespace {

/// Slowdown of an evaluation if the states overflow the last-level cache; factor by which a single
/// state may exceed the cache and still count as fitting.
constexpr double overflow_slowdown = 1.3, nearly_fits = 1.3;

/// Rounds that `restarts` take when `at_once` run at once.
double rounds(std::uint64_t restarts, int at_once) {
  return std::ceil(static_cast<double>(restarts) / at_once);
}

/// Whether independent states are the faster way. There is memory for them.
bool independent_is_faster(const ExecutionPlan& plan, const Resources& r, std::uint64_t restarts) {
  const auto held = [&](int states) {
    return plan.table_bytes + states * r.ranks_on_node * plan.engine_bytes;
  };
  const bool overflows = held(1) <= nearly_fits * r.cache && held(r.threads) > r.cache;
  const double independent =
      rounds(restarts, r.ranks * r.threads) * (overflows ? overflow_slowdown : 1.0);
  const double shared = rounds(restarts, r.ranks) / shared_speedup(plan, r.threads);
  return independent <= shared;
}

}  // namespace

double shared_speedup(const ExecutionPlan& plan, int threads) {
  double serial = 1.0;
  for (const SerialShare& s : engine_entry(plan.engine.kind).serial_shares)
    if (plan.multiply_adds >= s.multiply_adds) serial = s.share;
  return 1.0 / (serial + (1.0 - serial) / threads);
}

void assign_threads(ExecutionPlan& plan, const Resources& r, std::uint64_t restarts) {
  const double state = plan.tables * plan.engine_bytes + plan.shot_bytes;
  const double all = plan.tables * plan.table_bytes + r.threads * r.ranks_on_node * state;
  const bool independent =
      plan.ranks == 1 && all <= r.memory && independent_is_faster(plan, r, restarts);
  plan.workers = independent ? r.threads : 1;
  plan.engine.threads = independent ? 1 : r.threads;
}

}  // namespace qhn
