#include "circuit/block_plan.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <set>
#include <span>

#include "circuit/planner.hpp"

namespace qhn {
namespace {

/// Lowest qubits local in every stage, so that runs have 2^6 numbers: shorter ones take longer to
/// gather than the stages they save.
constexpr int always_local = 6;

/// The sets worth trying next: a window above the lowest qubits, or what is asked for first.
std::set<Index> candidates(const Planner& planner, const Done& done, bool first) {
  const int lowest = std::min(always_local, planner.local() - 1);
  const Index fixed = dimension(lowest) - 1, window = dimension(planner.local() - lowest) - 1;
  std::set<Index> sets;
  for (int low = lowest; low <= planner.qubits() - planner.local() + lowest; ++low)
    sets.insert(fixed | (window << low));
  for (bool high_first : {false, true})
    sets.insert(planner.first_come(done, first, high_first, fixed));
  return sets;
}

/// The sets of local qubits, stage by stage.
struct BlockPath {
  Done done;
  std::vector<Index> sets;
  int work = 0;  ///< trips over a block, about
};

/// Trips over a block for the gates that `run` hands to a callback: three slots are rotated
/// together, and all phases of a layer.
class WorkOfStage {
 public:
  void rotate(int slot) { ++rotations_[static_cast<std::size_t>(slot)]; }
  int trips() const {
    int sum = *std::max_element(rotations_.begin(), rotations_.end());
    for (std::size_t s = 0; s < rotations_.size(); s += 3)
      sum += *std::max_element(rotations_.begin() + s, rotations_.begin() + s + 3);
    return sum;
  }

 private:
  std::array<int, 66> rotations_{};  ///< by slot
};

BlockPath extended(std::span<const Gate> gates, const Planner& planner, const BlockPath& path,
                   Index set) {
  BlockPath longer = path;
  WorkOfStage work;
  planner.run(longer.done, set, path.sets.empty(), [&](std::size_t i) {
    const Gate& gate = gates[i];
    if ((gate.kind == GateKind::ry || gate.kind == GateKind::rx) && bit(set, gate.first))
      work.rotate(std::popcount(set & (dimension(gate.first) - 1)));
  });
  longer.sets.push_back(set);
  longer.work += work.trips();
  return longer;
}

/// A path with the fewest stages found by keeping, after every stage, those that have run the most
/// gates; of equals the one with the least work.
std::vector<Index> fewest_stages(std::span<const Gate> gates, const Planner& planner) {
  constexpr std::size_t width = 32;
  std::vector<BlockPath> beam{{planner.nothing_done(), {}}};
  while (true) {
    std::vector<BlockPath> next;
    for (const BlockPath& path : beam)
      for (Index set : candidates(planner, path.done, path.sets.empty()))
        next.push_back(extended(gates, planner, path, set));
    std::stable_sort(next.begin(), next.end(), [](const BlockPath& a, const BlockPath& b) {
      const std::size_t na = Planner::count(a.done), nb = Planner::count(b.done);
      return na != nb ? na > nb : a.work < b.work;
    });
    if (planner.finished(next.front().done)) return next.front().sets;
    beam.clear();
    std::set<Done> seen;
    for (BlockPath& path : next)
      if (beam.size() < width && seen.insert(path.done).second) beam.push_back(std::move(path));
  }
}

Stage slots_of(Index local, int qubits) {
  Stage stage;
  for (int q = 0; q < qubits; ++q) (bit(local, q) ? stage.local : stage.spread).push_back(q);
  return stage;
}

/// Makes the phase of the whole block a term of the program.
void add_block_phase(SpreadStage& stage) {
  if (stage.phase.empty()) return;
  auto& steps = stage.program.steps;
  auto step = std::find_if(steps.begin(), steps.end(),
                           [](const Step& s) { return std::holds_alternative<Phase>(s); });
  if (step == steps.end()) step = steps.insert(step, Phase{});
  std::get<Phase>(*step).terms.push_back({-1, -1, {static_cast<int>(stage.angles.size())}});
}

}  // namespace

BlockPlan plan_blocks(const Circuit& circuit, int block_qubits, Purpose purpose) {
  BlockPlan plan{circuit.qubits, block_qubits, {}, {}};
  const std::vector<Gate> gates = visible_gates(circuit, purpose);
  const bool from_zero = purpose != Purpose::any_expectation;
  const Planner planner(gates, circuit.qubits, block_qubits, {from_zero, false});
  const std::vector<Index> sets = fewest_stages(gates, planner);

  Done done = planner.nothing_done();
  std::vector<Index> rows;  // nothing is relabelled: bit i of the number is spread slot i
  for (int i = 0; i < circuit.qubits - block_qubits; ++i) rows.push_back(dimension(i));
  for (Index set : sets) {
    const bool first = plan.stages.empty();
    Stage stage = slots_of(set, circuit.qubits);
    if (first) plan.start.resize(stage.spread.size());
    planner.run(done, set, first, [&](std::size_t i) {
      const Gate& gate = gates[i];
      if (first && gate.kind == GateKind::ry && !bit(set, gate.first)) {
        const auto slot = std::find(stage.spread.begin(), stage.spread.end(), gate.first);
        plan.start[static_cast<std::size_t>(slot - stage.spread.begin())] = {gate.angle,
                                                                             gate.fixed};
      } else {
        stage.gates.push_back(gate);
      }
    });
    plan.stages.push_back({set, spread_stage(stage, rows)});
    if (plan.stages.size() < sets.size())
      add_block_phase(plan.stages.back().spread);
    else
      plan.stages.back().spread.phase.clear();  // invisible
  }
  return plan;
}

}  // namespace qhn
