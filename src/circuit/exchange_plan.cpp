#include "circuit/exchange_plan.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <numbers>
#include <optional>
#include <queue>
#include <set>

#include "circuit/part_stage.hpp"
#include "circuit/planner.hpp"
#include "core/error.hpp"

namespace qhn {
namespace {

Index at(int q) { return Index{1} << q; }

double fraction_of(int swaps) { return 1.0 - std::ldexp(1.0, -swaps); }

/// A partial plan: the set of local qubits of each stage, and the states exchanged so far.
struct Path {
  Done done;
  std::vector<Index> sets;
  double states = 0.0;
};

bool better(const Path& a, const Path& b) {
  constexpr double same = 1e-12;
  if (std::abs(a.states - b.states) > same) return a.states < b.states;
  return a.sets.size() < b.sets.size();
}

Path extend(const Planner& planner, const Path& path, Index set) {
  Path next = path;
  const bool first = path.sets.empty();
  if (!first) next.states += fraction_of(std::popcount(set & ~path.sets.back()));
  planner.run(next.done, set, first, [](std::size_t) {});
  next.sets.push_back(set);
  return next;
}

Path beam_search(const Planner& planner) {
  constexpr std::size_t width = 8;
  std::vector<Path> beam{{planner.nothing_done(), {}, 0.0}};
  std::optional<Path> best;
  while (!beam.empty()) {
    std::vector<Path> next;
    for (const Path& path : beam)
      for (Index set : planner.candidates(path.done, path.sets.empty() ? 0 : path.sets.back())) {
        if (!path.sets.empty() && set == path.sets.back()) continue;
        Path longer = extend(planner, path, set);
        if (!path.sets.empty() && longer.done == path.done) continue;
        if (best && !better(longer, *best)) continue;
        if (planner.finished(longer.done))
          best = std::move(longer);
        else
          next.push_back(std::move(longer));
      }
    // Keep first the paths that no other path beats in both gates run and bytes sent. Fill the rest
    // of the beam in the order of gates run.
    std::stable_sort(next.begin(), next.end(), [](const Path& a, const Path& b) {
      const std::size_t na = Planner::count(a.done), nb = Planner::count(b.done);
      return na != nb ? na > nb : a.states < b.states;
    });
    beam.clear();
    double cheapest = 1e300;
    std::set<Done> seen;
    std::vector<Path> rest;
    for (Path& path : next) {
      if (best && !better(path, *best)) continue;
      if (path.states < cheapest - 1e-12) {
        cheapest = path.states;
        if (beam.size() < width) beam.push_back(std::move(path));
      } else if (seen.insert(path.done).second) {
        rest.push_back(std::move(path));
      }
    }
    for (Path& path : rest)
      if (beam.size() < width) beam.push_back(std::move(path));
  }
  if (!best) throw InputError("no exchange plan was found for this circuit");
  return *std::move(best);
}

Path exhaustive_search(const Planner& planner) {
  const std::vector<Index> sets = planner.all_sets();
  const auto worse = [](const Path& a, const Path& b) { return better(b, a); };
  std::priority_queue<Path, std::vector<Path>, decltype(worse)> open(worse);
  open.push({planner.nothing_done(), {}, 0.0});
  std::set<std::pair<Done, Index>> closed;
  while (!open.empty()) {
    const Path path = open.top();
    open.pop();
    if (!path.sets.empty() && planner.finished(path.done)) return path;
    if (!closed.insert({path.done, path.sets.empty() ? 0 : path.sets.back()}).second) continue;
    for (Index set : sets)
      if (path.sets.empty() || set != path.sets.back()) open.push(extend(planner, path, set));
  }
  throw InputError("no exchange plan was found for this circuit");
}

/// Makes the qubits of `set` local in `stage`; the qubits they replace take their places.
Exchange bring_in(Stage& stage, Index set) {
  Exchange exchange;
  std::size_t to = 0;
  for (std::size_t slot = 0; slot < stage.local.size(); ++slot) {
    if (set & at(stage.local[slot])) continue;
    while (!(set & at(stage.distributed[to]))) ++to;
    std::swap(stage.local[slot], stage.distributed[to]);
    exchange.swaps.emplace_back(static_cast<int>(slot), static_cast<int>(to));
  }
  return exchange;
}

/// Assigns qubits to slots. Qubits that leave first get the highest slots, so that messages are
/// contiguous. The others ascend, so that neighbors in the circuit are neighbors in the index.
ExchangePlan with_slots(const Circuit& circuit, std::span<const Gate> gates, const Planner& planner,
                        const Path& path) {
  ExchangePlan plan;
  plan.qubits = circuit.qubits;
  plan.local_qubits = planner.local();
  Done done = planner.nothing_done();
  for (std::size_t s = 0; s < path.sets.size(); ++s) {
    const Index set = path.sets[s];
    Stage stage;
    if (s == 0) {
      const Index stay = path.sets.size() > 1 ? set & path.sets[1] : set;
      for (Index group : {stay, set & ~stay})
        for (int q = 0; q < circuit.qubits; ++q)
          if (group & at(q)) stage.local.push_back(q);
      for (int q = 0; q < circuit.qubits; ++q)
        if (!(set & at(q))) stage.distributed.push_back(q);
    } else {
      stage.local = plan.stages.back().local;
      stage.distributed = plan.stages.back().distributed;
      plan.exchanges.push_back(bring_in(stage, set));
    }
    planner.run(done, set, s == 0, [&](std::size_t i) {
      const bool starts = s == 0 && gates[i].kind == GateKind::ry && !(set & at(gates[i].first));
      (starts ? plan.start : stage.gates).push_back(gates[i]);
    });
    plan.stages.push_back(std::move(stage));
  }
  return plan;
}

void check_local(const Circuit& circuit, int local_qubits) {
  if (local_qubits < 1 || local_qubits > circuit.qubits)
    throw InputError("a circuit of " + std::to_string(circuit.qubits) + " qubits can keep 1 to " +
                     std::to_string(circuit.qubits) + " of them local, not " +
                     std::to_string(local_qubits));
}

template <class Search>
ExchangePlan make_plan(const Circuit& circuit, int local_qubits, Purpose purpose, Search search) {
  check_local(circuit, local_qubits);
  const std::vector<Gate> gates = visible_gates(circuit, purpose);
  const Planner planner(gates, circuit.qubits, local_qubits);
  return with_slots(circuit, gates, planner, search(planner));
}

RankStage rank_stage(PartStage&& stage, Index rank, bool first, bool last) {
  RankStage result;
  result.schedule = std::move(stage.schedule);
  result.circuit.qubits = result.schedule.qubits;
  result.circuit.angles = static_cast<int>(stage.angles.size());
  result.circuit.gates = std::move(stage.gates);
  result.purpose = first ? (last ? Purpose::expectation : Purpose::state)
                         : (last ? Purpose::any_expectation : Purpose::any_state);
  for (const PartAngle& angle : stage.angles) result.angles.push_back(angle.on(rank));
  for (const PartAngle& angle : stage.phase)
    if (angle.counts_on(rank)) result.phase.push_back(angle.on(rank));
  return result;
}

/// The rank with rows · rank = bits over GF(2): parity(rows[i] & rank) is bit i of `bits`.
Index solve(std::vector<Index> rows, Index bits) {
  std::vector<int> value(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) value[i] = bit(bits, static_cast<int>(i));
  Index rank = 0;
  for (std::size_t column = 0; column < rows.size(); ++column) {
    std::size_t pivot = column;
    while (!(rows[pivot] & at(static_cast<int>(column)))) ++pivot;  // the map is invertible
    std::swap(rows[pivot], rows[column]);
    std::swap(value[pivot], value[column]);
    for (std::size_t other = 0; other < rows.size(); ++other)
      if (other != column && (rows[other] & at(static_cast<int>(column)))) {
        rows[other] ^= rows[column];
        value[other] ^= value[column];
      }
  }
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (value[i]) rank |= at(static_cast<int>(i));
  return rank;
}

RankExchange rank_exchange(const Exchange& exchange, const std::vector<Index>& rows, Index rank) {
  RankExchange result;
  for (std::size_t i = 0; i < exchange.swaps.size(); ++i) {
    const auto& [slot, distributed] = exchange.swaps[i];
    result.slots.push_back(slot);
    if (std::popcount(rows[static_cast<std::size_t>(distributed)] & rank) & 1)
      result.kept |= at(static_cast<int>(i));
  }
  for (Index d = 0; d < dimension(static_cast<int>(exchange.swaps.size())); ++d) {
    Index bits = 0;
    for (std::size_t i = 0; i < exchange.swaps.size(); ++i)
      if (bit(d, static_cast<int>(i))) bits |= at(exchange.swaps[i].second);
    result.peer.push_back(static_cast<int>(rank ^ solve(rows, bits)));
  }
  return result;
}

}  // namespace

double Exchange::fraction() const { return fraction_of(static_cast<int>(swaps.size())); }

double ExchangePlan::exchanged_states() const {
  double sum = 0.0;
  for (const Exchange& exchange : exchanges) sum += exchange.fraction();
  return sum;
}

ExchangePlan plan_exchanges(const Circuit& circuit, int local_qubits, Purpose purpose) {
  return make_plan(circuit, local_qubits, purpose, beam_search);
}

ExchangePlan optimal_exchanges(const Circuit& circuit, int local_qubits, Purpose purpose) {
  return make_plan(circuit, local_qubits, purpose, exhaustive_search);
}

ExchangePlan in_table_order(ExchangePlan plan) {
  Stage last = plan.stages.back();
  last.gates.clear();
  Exchange exchange = bring_in(last, at(plan.local_qubits) - 1);
  if (exchange.swaps.empty()) return plan;
  plan.exchanges.push_back(std::move(exchange));
  plan.stages.push_back(std::move(last));
  return plan;
}

double naive_exchanged_states(const Circuit& circuit, int local_qubits, Purpose purpose) {
  check_local(circuit, local_qubits);
  const std::vector<Gate> gates = visible_gates(circuit, purpose);
  std::vector<int> local, used;  // least recently used first
  for (int q = 0; q < local_qubits; ++q) local.push_back(q);
  double states = 0.0;
  for (const Task& task : tasks_of(gates)) {
    if (task.needs == 0 || task.leading) continue;
    const int q = std::countr_zero(task.needs);
    const auto found = std::find(local.begin(), local.end(), q);
    if (found == local.end()) {
      states += fraction_of(1);
      local.erase(local.begin());
    } else {
      local.erase(found);
    }
    local.push_back(q);
  }
  return states;
}

RankPlan plan_for_rank(const ExchangePlan& plan, Index rank) {
  std::vector<Index> rows;
  for (int i = 0; i < plan.rank_bits(); ++i) rows.push_back(at(i));
  RankPlan result;
  for (int i = 0; i < plan.rank_bits(); ++i) {
    const int qubit = plan.stages.front().distributed[static_cast<std::size_t>(i)];
    const auto gate = std::find_if(plan.start.begin(), plan.start.end(),
                                   [qubit](const Gate& g) { return g.first == qubit; });
    result.start.push_back(
        {gate == plan.start.end() ? Angle{} : Angle{gate->angle, gate->fixed}, bit(rank, i)});
  }
  for (std::size_t s = 0; s < plan.stages.size(); ++s) {
    result.stages.push_back(
        rank_stage(part_stage(plan.stages[s], rows), rank, s == 0, s + 1 == plan.stages.size()));
    if (s < plan.exchanges.size())
      result.exchanges.push_back(rank_exchange(plan.exchanges[s], rows, rank));
  }
  const Stage& last = plan.stages.back();
  result.result.qubit_of_slot = last.local;
  for (std::size_t i = 0; i < last.distributed.size(); ++i)
    if (std::popcount(rows[i] & rank) & 1) result.result.base |= at(last.distributed[i]);
  return result;
}

}  // namespace qhn
