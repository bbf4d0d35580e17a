#include "perf/work.hpp"

#include <algorithm>
#include <type_traits>

#include "circuit/block_plan.hpp"
#include "engine/cut_engine.hpp"
#include "engine/register.hpp"
#include "engine/sweep_engine.hpp"
#include "engine/tensor_engine.hpp"

namespace qhn {
namespace {

/// Work of a rotation: qubits rotated (all in the passes that have an active qubit), and passes
/// over an array in memory (those above the blocks, and one for all within the blocks).
struct Passes {
  double qubits = 0.0;
  double count = 0.0;

  Passes(int register_qubits, const Rotation& rotation) {
    const auto plan =
        plan_rotation<double>(register_qubits, rotation.control_of, rotation.active());
    for (const auto& pass : plan) qubits += pass.count;
    const std::size_t above = passes_above_block<double>(plan);
    count = static_cast<double>(above + (above < plan.size() ? 1 : 0));
  }
};

/// Calls f(step, real elements of the array at this step) in forward order.
template <class F>
void for_steps(const Schedule& schedule, F f) {
  double elements = 2.0 * static_cast<double>(dimension(schedule.qubits));
  for (const Step& step : schedule.steps) {
    std::visit([&](const auto& s) { f(s, elements); }, step);
    if (std::holds_alternative<Branch>(step)) elements *= 2;
  }
}

/// Entries of the two tables of a separable phase, 6 flops each.
double phase_tables(int qubits) {
  const int low = phase_low_bits(qubits);
  return 6.0 * static_cast<double>(dimension(low) - 1 + dimension(qubits - low) - 1);
}

constexpr double real = sizeof(double);

/// One run of a schedule forward on φ, or backward on φ and λ, which moves twice the bytes.
Work register_work(const Schedule& schedule, int groups, bool backward) {
  Work work;
  const double size = static_cast<double>(dimension(schedule.qubits));
  const double vectors = backward ? 2.0 : 1.0;
  for_steps(schedule, [&](const auto& step, double elements) {
    using S = std::decay_t<decltype(step)>;
    double moves = 2.0;  // of each element of a vector, reads and writes
    if constexpr (std::is_same_v<S, Rotation>) {
      // Per element and qubit, a multiplication and an FMA for each vector; the derivative, an FMA.
      const Passes passes(schedule.qubits, step);
      work.flops += (backward ? 8.0 : 3.0) * passes.qubits * elements;
      moves = 2.0 * passes.count;
    } else if constexpr (std::is_same_v<S, Phase>) {
      // e^{iφ} from two tables, for each group; times every branch. Complex product: 6 flops.
      // Backward with Im λ*φ (4) for every branch, and its sums by column and row for each group.
      const double times = std::min<double>(groups, elements / (2 * size));
      work.flops += backward ? 8.0 * size * times + 8.0 * elements
                             : 6.0 * size * times + 3.0 * elements + phase_tables(schedule.qubits);
    } else if constexpr (std::is_same_v<S, Permutation>) {
      moves = 4.0;  // to the scratch plane and back
    } else if constexpr (std::is_same_v<S, Branch>) {
      moves = 3.0;
      if (backward && step.kind != Branch::Kind::project)
        work.flops += elements;  // copies of λ add up
    }
    work.bytes += vectors * moves * real * elements;
  });
  return work;
}

/// Both registers forward. The registers of a cut stay in the first-level cache: no bytes.
Work forward(const CutCircuit& cut) {
  if (cut.high.qubits == 0) return forward_work(cut.low);
  const int groups = branch_groups(cut);
  return {forward_work(cut.low, groups).flops + forward_work(cut.high, groups).flops, 0.0};
}

struct Contraction {
  double chi, size, rows, sides;  // sides: rows + columns

  /// For the rows on one of `ranks` ranks.
  explicit Contraction(const CutCircuit& cut, int ranks = 1)
      : chi(cut.branches()),
        size(static_cast<double>(dimension(cut.qubits())) / ranks),
        rows(static_cast<double>(dimension(cut.high.qubits))),
        sides(static_cast<double>(dimension(cut.low.qubits) + dimension(cut.high.qubits))) {}

  bool paired() const { return chi <= 4; }
  /// ψ of all tiles; then both its products with the branches.
  double expand() const { return 8.0 * chi * size; }
  /// λ_A from its sums of real products.
  double gather() const { return 6.0 * chi * rows; }
  double pair_products() const { return 3.0 * chi * chi * sides; }
  /// apply_pairs over `elements` elements.
  double apply_pairs(double elements) const { return chi * (6.0 + 8.0 * (chi - 1)) * elements; }
};

/// Copies a given start state from complex numbers.
Work start_work(const CutCircuit& cut, bool own_start) {
  return {0.0, own_start ? 2 * real * Contraction(cut).size : 0.0};
}

enum class Asked { expectation, gradient, most_probable };

/// All blocks through one stage, each in the cache; with a gradient also backward. Backward, the
/// phase tables are recomputed unless the block stays in the cache.
double stage_flops(const BlockPlan& plan, std::size_t stage, bool gradient, bool stays) {
  const Schedule& schedule = plan.stages[stage].part.schedule;
  double flops = forward_work(schedule).flops;
  if (gradient) flops += backward_work(schedule).flops;
  if (gradient && !stays)
    for_steps(schedule, [&](const auto& step, double) {
      if constexpr (std::is_same_v<std::decay_t<decltype(step)>, Phase>)
        flops += phase_tables(schedule.qubits);
    });
  return static_cast<double>(plan.blocks()) * flops;
}

double state_bytes(const BlockPlan& plan) {
  return 2 * real * static_cast<double>(dimension(plan.qubits));
}

/// Cache-blocked statevector engine. Bytes: the state in every stage, the table in the last one.
Work block_work(const Circuit& circuit, int block_qubits, bool own_start, Asked asked) {
  const BlockPlan plan = plan_blocks(circuit, block_qubits,
                                     own_start ? Purpose::any_expectation : Purpose::expectation);
  const double size = static_cast<double>(dimension(circuit.qubits)), state = state_bytes(plan);
  const bool gradient = asked == Asked::gradient;
  Work work;
  for (std::size_t s = 0; s < plan.stages.size(); ++s) {
    const bool reads = s > 0 || own_start, last = s + 1 == plan.stages.size();
    work.flops += stage_flops(plan, s, gradient, last);
    work.bytes += (reads ? state : 0.0) + (last ? 0.0 : state);
    if (!gradient) continue;
    work.bytes += (last ? 0.0 : 2 * state) + (s > 0 ? 2 * state : 0.0);  // φ and λ in and out
  }
  if (asked == Asked::most_probable) return work + Work{3.0 * size, 0.0};
  return work + Work{(gradient ? 7.0 : 5.0) * size, real * size};
}

CutCircuit cut_of(const ExecutionPlan& plan, bool own_start) {
  return own_start ? cut_circuit(plan.circuit, plan.circuit.qubits, Purpose::any_expectation)
                   : plan.cut;
}

/// Qubits of the cache blocks of an uncut circuit; 0: none.
int block_of(const ExecutionPlan& plan) {
  return sweep_block_qubits(plan.circuit.qubits, plan.engine.block_qubits);
}

/// The tensor engine: forward, and the probabilities of all strings if `reads_table` is false.
Work tensor_work(const ExecutionPlan& plan, bool gradient, bool reads_table = true) {
  const double flops = 2.0 * plan.chain->fmas(gradient);
  return {flops, reads_table ? real * static_cast<double>(dimension(plan.circuit.qubits)) : 0.0};
}

Work work_of(const ExecutionPlan& plan, bool own_start, bool gradient) {
  if (plan.engine.kind == EngineKind::tensor) return tensor_work(plan, gradient);
  const CutCircuit cut = cut_of(plan, own_start);
  if (cut.high.qubits > 0) return cut_work(cut, gradient);
  if (const int block = block_of(plan))
    return block_work(plan.circuit, block, own_start,
                      gradient ? Asked::gradient : Asked::expectation);
  const Work work =
      forward(cut) + diagonal_work(plan.circuit.qubits, gradient) + start_work(cut, own_start);
  return gradient ? work + backward_work(cut.low) : work;
}

}  // namespace

Work diagonal_work(int qubits, bool gradient) {
  const double size = static_cast<double>(dimension(qubits));
  Work work{5.0 * size, 5 * real * size};
  if (gradient) work += {2.0 * size, 5 * real * size};  // λ = C φ
  return work;
}

Work& Work::operator+=(const Work& other) {
  flops += other.flops;
  bytes += other.bytes;
  popcounts += other.popcounts;
  exchanged += other.exchanged;
  return *this;
}

Work forward_work(const Schedule& schedule, int groups) {
  return register_work(schedule, groups, false);
}

Work backward_work(const Schedule& schedule, int groups) {
  return register_work(schedule, groups, true);
}

Work cut_work(const CutCircuit& cut, bool gradient, int ranks) {
  const Contraction c(cut, ranks);
  Work work = forward(cut);
  work.bytes = real * c.size;  // C, once
  if (!gradient) {
    work.flops += c.paired()
                      ? 2.0 * c.chi * c.chi * c.size + c.pair_products() + c.apply_pairs(c.rows)
                      : c.expand() + 5.0 * c.size;
    return work;
  }
  if (c.paired())
    work.flops += 4.0 * c.chi * c.chi * c.size + c.pair_products() + c.apply_pairs(c.sides);
  else
    work.flops += c.expand() + 2.0 * c.size + 16.0 * c.chi * c.size + c.gather();
  const int groups = branch_groups(cut);
  work.flops += backward_work(cut.low, groups).flops + backward_work(cut.high, groups).flops;
  return work;
}

Work block_stages_work(const BlockPlan& plan, bool from_zero, bool gradient) {
  Work work;
  for (std::size_t s = 0; s < plan.stages.size(); ++s) {
    const bool starts = from_zero && s == 0;  // φ is not read; φ and λ are not written back
    work.flops += stage_flops(plan, s, gradient, false);
    work.bytes += (starts ? 1.0 : 2.0) * state_bytes(plan);
    if (gradient) work.bytes += (starts ? 2.0 : 4.0) * state_bytes(plan);
  }
  return work;
}

Work expectation_work(const ExecutionPlan& plan, bool own_start) {
  return work_of(plan, own_start, false);
}

Work gradient_work(const ExecutionPlan& plan, bool own_start) {
  return work_of(plan, own_start, true);
}

Work most_probable_work(const ExecutionPlan& plan) {
  if (plan.engine.kind == EngineKind::tensor)
    return {2.0 * std::ldexp(plan.chain->middle_bond(), plan.circuit.qubits), 0.0};
  const CutCircuit& cut = plan.cut;
  const Contraction c(cut);
  if (const int block = block_of(plan); block && cut.high.qubits == 0)
    return block_work(plan.circuit, block, false, Asked::most_probable);
  if (cut.high.qubits > 0 && c.paired()) return {2.0 * c.chi * c.chi * c.size, 0.0};
  Work work = forward(cut);
  work.flops += (cut.high.qubits > 0 ? c.expand() : 0.0) + 3.0 * c.size;
  if (cut.high.qubits == 0) work.bytes += 3 * real * c.size;
  return work;
}

}  // namespace qhn
