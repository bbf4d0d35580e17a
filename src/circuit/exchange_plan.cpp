#include "circuit/exchange_plan.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <numbers>
#include <optional>
#include <queue>
#include <set>

#include "core/error.hpp"

namespace qhn {
namespace {

Index at(int q) { return Index{1} << q; }

double fraction_of(int swaps) { return 1.0 - std::ldexp(1.0, -swaps); }

/// A gate as the planner sees it.
struct Task {
  Index touched = 0;
  Index changed = 0;
  Index needs = 0;       ///< must be local
  Index or_both = 0;     ///< CX: instead, both of these spread
  bool leading = false;  ///< Ry on |0⟩
};

std::vector<Task> tasks_of(std::span<const Gate> gates) {
  std::vector<Task> tasks;
  Index seen = 0;
  for (const Gate& gate : gates) {
    Task t;
    t.touched = at(gate.first) | (gate.second >= 0 ? at(gate.second) : 0);
    if (gate.kind == GateKind::rx || gate.kind == GateKind::ry) t.changed = at(gate.first);
    if (gate.kind == GateKind::cx) {
      t.changed = at(gate.second);
      t.or_both = t.touched;
    }
    t.needs = t.changed;
    t.leading = gate.kind == GateKind::ry && !(seen & t.touched);
    seen |= t.touched;
    tasks.push_back(t);
  }
  return tasks;
}

/// Which tasks are done. As a vector of words, so that it can be a key.
using Done = std::vector<std::uint64_t>;

bool is_done(const Done& done, std::size_t i) { return (done[i / 64] >> (i % 64)) & 1; }

/// Runs every task that can run with these qubits local, in order; returns those that ran.
class Planner {
 public:
  Planner(std::span<const Gate> gates, int qubits, int local)
      : tasks_(tasks_of(gates)), qubits_(qubits), local_(local) {
    constexpr double few = 600;
    double count = 1;
    for (int k = 0; k < qubits - local; ++k) count *= static_cast<double>(qubits - k) / (k + 1);
    if (count <= few) all_ = all_sets();
  }

  Done nothing_done() const { return Done((tasks_.size() + 63) / 64, 0); }
  bool finished(const Done& done) const { return count(done) == tasks_.size(); }
  static std::size_t count(const Done& done) {
    std::size_t n = 0;
    for (std::uint64_t word : done) n += static_cast<std::size_t>(std::popcount(word));
    return n;
  }

  /// Advances `done`; calls ran(i) for every task that runs. Returns the qubits that had to be
  /// local for it.
  template <class Ran>
  Index run(Done& done, Index local, bool first, Ran ran) const {
    Index touched = 0, changed = 0, used = 0;  // of the tasks left behind
    const Index all = at(qubits_) - 1;
    for (std::size_t i = 0; i < tasks_.size(); ++i) {
      if (is_done(done, i)) continue;
      const Task& t = tasks_[i];
      const bool free_here = (t.needs & ~local) == 0 || (t.leading && first) ||
                             (t.or_both && (t.or_both & local) == 0);
      if (!free_here || (t.changed & touched) || (t.touched & changed)) {
        touched |= t.touched;
        changed |= t.changed;
        if (changed == all) break;  // nothing behind can pass
        continue;
      }
      done[i / 64] |= std::uint64_t{1} << (i % 64);
      if ((t.needs & local) == t.needs) used |= t.needs;
      ran(i);
    }
    return used;
  }

  std::size_t gain(Done done, Index local, bool first) const {
    std::size_t n = 0;
    run(done, local, first, [&n](std::size_t) { ++n; });
    return n;
  }

  /// The set with the qubits that do nothing replaced by ones that are local already.
  Index keep_what_is_there(const Done& done, Index next, Index before) const {
    Done copy = done;
    const Index used = run(copy, next, false, [](std::size_t) {});
    Index set = used;
    for (Index from : {before & next, before, next})
      for (int q = 0; q < qubits_ && std::popcount(set) < local_; ++q)
        if (from & at(q)) set |= at(q);
    return set;
  }

  std::vector<Index> all_sets() const {
    std::vector<Index> sets;
    for (Index set = at(local_) - 1; set < at(qubits_);) {
      sets.push_back(set);
      const Index low = set & (~set + 1), carried = set + low;  // the next with as many bits
      set = carried | (((set ^ carried) / low) >> 2);
    }
    return sets;
  }

  /// Sets of local qubits worth trying next: all where they are few. `before` is 0 at the start.
  std::vector<Index> candidates(const Done& done, Index before) const {
    const bool first = before == 0;
    if (!all_.empty()) return all_;
    std::set<Index> sets;
    for (int low = qubits_ - local_; low >= 0; --low) sets.insert(((at(local_) - 1) << low));
    sets.insert(first_come(done, first, false));
    sets.insert(first_come(done, first, true));
    // Climb from the best and, between stages, from what is local now.
    std::vector<Index> roots;
    if (!first) roots.push_back(before);
    Index best = *sets.begin();
    std::size_t most = 0;
    for (Index set : sets)
      if (const std::size_t g = gain(done, set, first); g > most) most = g, best = set;
    roots.push_back(best);
    for (Index root : roots) climb(done, root, first, sets);
    std::vector<Index> result;
    for (Index set : sets) {
      result.push_back(set);
      if (!first) result.push_back(keep_what_is_there(done, set, before));
    }
    std::sort(result.begin(), result.end());
    result.erase(std::unique(result.begin(), result.end()), result.end());
    return result;
  }

  int local() const { return local_; }
  int qubits() const { return qubits_; }

 private:
  /// The qubits that the tasks left ask for, in their order or from the end, until L are taken.
  Index first_come(const Done& done, bool first, bool high_first) const {
    Index set = 0;
    for (std::size_t i = 0; i < tasks_.size() && std::popcount(set) < local_; ++i)
      if (!is_done(done, i) && !(tasks_[i].leading && first)) set |= tasks_[i].needs;
    for (int k = 0; k < qubits_ && std::popcount(set) < local_; ++k)
      set |= at(high_first ? qubits_ - 1 - k : k);
    return set;
  }

  /// Swaps one qubit at a time while that runs more tasks; every set on the way is a candidate.
  void climb(const Done& done, Index set, bool first, std::set<Index>& sets) const {
    std::size_t most = gain(done, set, first);
    for (int round = 0; round < qubits_ - local_; ++round) {
      Index best = set;
      for (int out = 0; out < qubits_; ++out)
        for (int in = 0; in < qubits_; ++in) {
          if (!(set & at(out)) || (set & at(in))) continue;
          const Index next = (set ^ at(out)) | at(in);
          if (const std::size_t g = gain(done, next, first); g > most) most = g, best = next;
        }
      if (best == set) return;
      set = best;
      sets.insert(set);
    }
  }

  std::vector<Task> tasks_;
  int qubits_;
  int local_;
  std::vector<Index> all_;  ///< all sets, where they are few
};

/// The sets of local qubits of a plan, and what it costs.
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
    // The furthest for their bytes: of equal progress the cheaper, and nobody both slower and
    // dearer than another.
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
  if (!best) throw InputError("no plan of exchanges was found for this circuit");
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
  throw InputError("no plan of exchanges was found for this circuit");
}

/// Makes the qubits of `set` the local ones of `stage`; the others move to where those came from.
Exchange bring_in(Stage& stage, Index set) {
  Exchange exchange;
  std::size_t to = 0;
  for (std::size_t slot = 0; slot < stage.local.size(); ++slot) {
    if (set & at(stage.local[slot])) continue;
    while (!(set & at(stage.spread[to]))) ++to;
    std::swap(stage.local[slot], stage.spread[to]);
    exchange.swaps.emplace_back(static_cast<int>(slot), static_cast<int>(to));
  }
  return exchange;
}

/// Puts the qubits into slots. Those that leave first lie highest, so that what travels is
/// contiguous; the rest ascends, so that neighbours of the circuit are neighbours here.
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
        if (!(set & at(q))) stage.spread.push_back(q);
    } else {
      stage.local = plan.stages.back().local;
      stage.spread = plan.stages.back().spread;
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

/// Turns a stage's gates into one rank's local program: spread qubits are known bits there.
class RankStageBuilder {
 public:
  RankStageBuilder(const Stage& stage, std::vector<Index>& rank_rows, Index rank)
      : stage_(stage), rows_(rank_rows), rank_(rank) {
    pending_.resize(stage.local.size(), false);
    for (const std::vector<int>* qubits : {&stage.local, &stage.spread})
      for (int q : *qubits)
        if (static_cast<std::size_t>(q) >= place_.size())
          place_.resize(static_cast<std::size_t>(q) + 1);
    for (std::size_t s = 0; s < stage.local.size(); ++s)
      place(stage.local[s]) = {static_cast<int>(s), true};
    for (std::size_t s = 0; s < stage.spread.size(); ++s)
      place(stage.spread[s]) = {static_cast<int>(s), false};
  }

  RankStage build() {
    for (const Gate& gate : stage_.gates) add(gate);
    for (std::size_t s = 0; s < pending_.size(); ++s) flush(static_cast<int>(s));
    result_.program = register_program(static_cast<int>(stage_.local.size()), gates_);
    return std::move(result_);
  }

 private:
  struct Place {
    int slot;
    bool local;
  };
  Place& place(int q) { return place_[static_cast<std::size_t>(q)]; }
  int known_bit(int q) {
    return std::popcount(rows_[static_cast<std::size_t>(place(q).slot)] & rank_) & 1;
  }

  void emit(GateKind kind, int slot, int second, DerivedAngle angle) {
    Gate gate{kind, slot, second};
    if (has_angle(kind)) {
      gate.angle = static_cast<int>(result_.angles.size());
      result_.angles.push_back(angle);
    }
    gates_.push_back(gate);
  }

  /// X = Ry(π) Z: the Z joins the phases before it, the Ry the rotation that follows.
  void flush(int slot) {
    if (!pending_[static_cast<std::size_t>(slot)]) return;
    pending_[static_cast<std::size_t>(slot)] = false;
    emit(GateKind::rz, slot, -1, {-1, 1.0, std::numbers::pi});
    emit(GateKind::ry, slot, -1, {-1, 1.0, std::numbers::pi});
  }

  void add(const Gate& gate) {
    const Place first = place(gate.first);
    const Place second = gate.second >= 0 ? place(gate.second) : Place{-1, false};
    DerivedAngle angle{gate.angle, 1.0, gate.angle >= 0 ? 0.0 : gate.fixed};
    switch (gate.kind) {
      case GateKind::ry:
        if (pending_[static_cast<std::size_t>(first.slot)]) {
          pending_[static_cast<std::size_t>(first.slot)] = false;
          emit(GateKind::rz, first.slot, -1, {-1, 1.0, std::numbers::pi});
          angle.offset += std::numbers::pi;
        }
        return emit(gate.kind, first.slot, -1, angle);
      case GateKind::rx:
        flush(first.slot);
        return emit(gate.kind, first.slot, -1, angle);
      case GateKind::rz:
        if (first.local) {
          flush(first.slot);
          emit(gate.kind, first.slot, -1, angle);
        } else if (known_bit(gate.first)) {
          result_.phase.push_back(angle);
        }
        return;
      case GateKind::rzz:
        return add_rzz(gate, angle);
      case GateKind::cx:
        if (first.local) {
          flush(first.slot);
          flush(second.slot);
          emit(gate.kind, first.slot, second.slot, {});
        } else if (second.local) {
          if (known_bit(gate.first))
            pending_[static_cast<std::size_t>(second.slot)] =
                !pending_[static_cast<std::size_t>(second.slot)];
        } else {
          rows_[static_cast<std::size_t>(second.slot)] ^=
              rows_[static_cast<std::size_t>(first.slot)];
        }
        return;
      case GateKind::cz:
        return add_cz(gate);
    }
  }

  void add_cz(const Gate& gate) {
    const Place first = place(gate.first), second = place(gate.second);
    const DerivedAngle half_turn{-1, 1.0, std::numbers::pi};
    if (first.local && second.local) {
      flush(first.slot);
      flush(second.slot);
      emit(gate.kind, first.slot, second.slot, {});
    } else if (!first.local && !second.local) {
      if (known_bit(gate.first) && known_bit(gate.second)) result_.phase.push_back(half_turn);
    } else {
      const Place inside = first.local ? first : second;
      if (!known_bit(first.local ? gate.second : gate.first)) return;
      flush(inside.slot);
      emit(GateKind::rz, inside.slot, -1, half_turn);
    }
  }

  /// exp(−iφ Z⊗Z/2) with Z = s known on one side is e^{−isφ/2} diag(1, e^{isφ}) on the other.
  void add_rzz(const Gate& gate, DerivedAngle angle) {
    const Place first = place(gate.first), second = place(gate.second);
    if (first.local && second.local) {
      flush(first.slot);
      flush(second.slot);
      return emit(gate.kind, first.slot, second.slot, angle);
    }
    const auto scaled = [&angle](double by) {
      return DerivedAngle{angle.index, angle.sign * by, angle.offset * by};
    };
    double s = 1.0;
    if (!first.local && known_bit(gate.first)) s = -s;
    if (!second.local && known_bit(gate.second)) s = -s;
    result_.phase.push_back(scaled(-s / 2));
    if (!first.local && !second.local) return;
    const Place inside = first.local ? first : second;
    flush(inside.slot);
    emit(GateKind::rz, inside.slot, -1, scaled(s));
  }

  const Stage& stage_;
  std::vector<Index>& rows_;  ///< spread slot → its bit as a parity of bits of the rank
  Index rank_;
  std::vector<Place> place_;   ///< by qubit
  std::vector<bool> pending_;  ///< an X that waits for the next gate on its slot
  std::vector<Gate> gates_;
  RankStage result_;
};

/// The rank whose spread bits are the parities `bits` (row i: bit i), i.e. rows · rank = bits.
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
    const auto& [slot, spread] = exchange.swaps[i];
    result.slots.push_back(slot);
    if (std::popcount(rows[static_cast<std::size_t>(spread)] & rank) & 1)
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
    const int qubit = plan.stages.front().spread[static_cast<std::size_t>(i)];
    const auto gate = std::find_if(plan.start.begin(), plan.start.end(),
                                   [qubit](const Gate& g) { return g.first == qubit; });
    result.start.push_back(
        {gate == plan.start.end() ? Angle{} : Angle{gate->angle, gate->fixed}, bit(rank, i)});
  }
  for (std::size_t s = 0; s < plan.stages.size(); ++s) {
    result.stages.push_back(RankStageBuilder(plan.stages[s], rows, rank).build());
    if (s < plan.exchanges.size())
      result.exchanges.push_back(rank_exchange(plan.exchanges[s], rows, rank));
  }
  const Stage& last = plan.stages.back();
  result.result.qubit_of_slot = last.local;
  for (std::size_t i = 0; i < last.spread.size(); ++i)
    if (std::popcount(rows[i] & rank) & 1) result.result.base |= at(last.spread[i]);
  return result;
}

}  // namespace qhn
