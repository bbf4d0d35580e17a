#include "circuit/block_plan.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <set>
#include <span>

#include "circuit/planner.hpp"

namespace qhn {
namespace {

/// Lowest qubits that are local in every stage, so that runs have 2^6 numbers. Gathering shorter
/// runs would take more time than the stages they save.
constexpr int always_local = 6;

/// Sets of local qubits to try next: the lowest qubits and a window above them, or those that the
/// next gates need.
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

/// A partial plan: the set of local qubits of each stage.
struct BlockPath {
  Done done;
  std::vector<Index> sets;
  int work = 0;  ///< estimated passes over a block
};

/// Estimates the passes over a block for the gates of a stage: one pass rotates three slots, one
/// applies all phases of a layer.
class WorkOfStage {
 public:
  void rotate(int slot) { ++rotations_[static_cast<std::size_t>(slot)]; }
  int passes() const {
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
  longer.work += work.passes();
  return longer;
}

/// Beam search for the path with the fewest stages. After every stage it keeps the paths that have
/// run the most gates; among equals, those with the least work.
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
  for (int q = 0; q < qubits; ++q) (bit(local, q) ? stage.local : stage.distributed).push_back(q);
  return stage;
}

/// Adds the phase of the whole block to the schedule, as a term.
void add_block_phase(PartStage& stage) {
  if (stage.phase.empty()) return;
  auto& steps = stage.schedule.steps;
  auto step = std::find_if(steps.begin(), steps.end(),
                           [](const Step& s) { return std::holds_alternative<Phase>(s); });
  if (step == steps.end()) step = steps.insert(step, Phase{});
  std::get<Phase>(*step).terms.push_back({-1, -1, {static_cast<int>(stage.angles.size())}});
}

}  // namespace

BlockPlan plan_blocks(const Circuit& circuit, int block_qubits, Purpose purpose) {
  BlockPlan plan{circuit.qubits, block_qubits, {}, {}};
  const std::vector<Gate> gates = visible_gates(circuit, purpose);
  const bool from_zero = starts_in_zero(purpose);
  const Planner planner(gates, circuit.qubits, block_qubits, {from_zero, false});
  const std::vector<Index> sets = fewest_stages(gates, planner);

  Done done = planner.nothing_done();
  std::vector<Index> rows;  // no relabeling: bit i of the block number is distributed slot i
  for (int i = 0; i < circuit.qubits - block_qubits; ++i) rows.push_back(dimension(i));
  for (Index set : sets) {
    const bool first = plan.stages.empty();
    Stage stage = slots_of(set, circuit.qubits);
    if (first) plan.start.resize(stage.distributed.size());
    planner.run(done, set, first, [&](std::size_t i) {
      const Gate& gate = gates[i];
      if (first && gate.kind == GateKind::ry && !bit(set, gate.first)) {
        const auto slot = std::find(stage.distributed.begin(), stage.distributed.end(), gate.first);
        plan.start[static_cast<std::size_t>(slot - stage.distributed.begin())] = {gate.angle,
                                                                                  gate.fixed};
      } else {
        stage.gates.push_back(gate);
      }
    });
    plan.stages.push_back({set, part_stage(stage, rows)});
    if (plan.stages.size() < sets.size() || ends_in_state(purpose))
      add_block_phase(plan.stages.back().part);
    else
      plan.stages.back().part.phase.clear();  // no expectation depends on it
  }
  return plan;
}

}  // namespace qhn
