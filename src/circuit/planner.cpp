#include "circuit/planner.hpp"

#include <algorithm>

namespace qhn {

std::vector<Task> tasks_of(std::span<const Gate> gates, PlannerRules rules) {
  std::vector<Task> tasks;
  Index seen = 0;
  for (const Gate& gate : gates) {
    Task t;
    t.touched = dimension(gate.first) | (gate.second >= 0 ? dimension(gate.second) : 0);
    if (gate.kind == GateKind::rx || gate.kind == GateKind::ry) t.changed = dimension(gate.first);
    if (gate.kind == GateKind::cx) {
      t.changed = dimension(gate.second);
      if (rules.relabels) t.or_both = t.touched;
    }
    t.needs = t.changed;
    t.leading = rules.from_zero && gate.kind == GateKind::ry && !(seen & t.touched);
    seen |= t.touched;
    tasks.push_back(t);
  }
  return tasks;
}

Planner::Planner(std::span<const Gate> gates, int qubits, int local, PlannerRules rules)
    : tasks_(tasks_of(gates, rules)), qubits_(qubits), local_(local) {
  constexpr double few = 600;
  double count = 1;
  for (int k = 0; k < qubits - local; ++k) count *= static_cast<double>(qubits - k) / (k + 1);
  if (count <= few) all_ = all_sets();
}

std::size_t Planner::gain(Done done, Index local, bool first) const {
  std::size_t n = 0;
  run(done, local, first, [&n](std::size_t) { ++n; });
  return n;
}

Index Planner::keep_what_is_there(const Done& done, Index next, Index before) const {
  Done copy = done;
  const Index used = run(copy, next, false, [](std::size_t) {});
  Index set = used;
  for (Index from : {before & next, before, next})
    for (int q = 0; q < qubits_ && std::popcount(set) < local_; ++q)
      if (from & dimension(q)) set |= dimension(q);
  return set;
}

std::vector<Index> Planner::all_sets() const {
  std::vector<Index> sets;
  for (Index set = dimension(local_) - 1; set < dimension(qubits_);) {
    sets.push_back(set);
    const Index low = set & (~set + 1), carried = set + low;  // next with as many bits
    set = carried | (((set ^ carried) / low) >> 2);
  }
  return sets;
}

std::vector<Index> Planner::candidates(const Done& done, Index before) const {
  const bool first = before == 0;
  if (!all_.empty()) return all_;
  std::set<Index> sets;
  for (int low = qubits_ - local_; low >= 0; --low) sets.insert(((dimension(local_) - 1) << low));
  sets.insert(first_come(done, first, false));
  sets.insert(first_come(done, first, true));
  // Climb from the best set and, between stages, from the current one.
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

Index Planner::first_come(const Done& done, bool first, bool high_first, Index set) const {
  for (std::size_t i = 0; i < tasks_.size() && std::popcount(set) < local_; ++i)
    if (!is_done(done, i) && !(tasks_[i].leading && first)) set |= tasks_[i].needs;
  for (int k = 0; k < qubits_ && std::popcount(set) < local_; ++k)
    set |= dimension(high_first ? qubits_ - 1 - k : k);
  return set;
}

void Planner::climb(const Done& done, Index set, bool first, std::set<Index>& sets) const {
  std::size_t most = gain(done, set, first);
  for (int round = 0; round < qubits_ - local_; ++round) {
    Index best = set;
    for (int out = 0; out < qubits_; ++out)
      for (int in = 0; in < qubits_; ++in) {
        if (!(set & dimension(out)) || (set & dimension(in))) continue;
        const Index next = (set ^ dimension(out)) | dimension(in);
        if (const std::size_t g = gain(done, next, first); g > most) most = g, best = next;
      }
    if (best == set) return;
    set = best;
    sets.insert(set);
  }
}

}  // namespace qhn
