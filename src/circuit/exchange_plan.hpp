#pragma once

#include <span>
#include <utility>
#include <vector>

#include "circuit/circuit.hpp"
#include "circuit/part_stage.hpp"
#include "circuit/schedule.hpp"
#include "core/index_map.hpp"

namespace qhn {

/// How a circuit of N qubits runs on a state distributed over 2^g ranks, planned before it starts.
///
/// A rank holds L = N − g *local* qubits, one per slot (bit) of the index into its part of the
/// state; the other g qubits are *distributed*: their values are bits that differ from rank to
/// rank. In a stage these gates need no message: rotations of local qubits; every diagonal gate; CX
/// with a local target (a distributed control is a known bit: X or nothing); CX between two
/// distributed qubits (it renames ranks). Between two stages one exchange swaps some local with
/// some distributed qubits. Ry on a qubit still in |0⟩, local or distributed, is free as well: the
/// product state is written directly.

/// One exchange. Rank r sends the amplitudes whose swapped slots have value v to the rank whose
/// swapped distributed qubits have value v. There the swapped slots take r's value of these qubits.
struct Exchange {
  std::vector<std::pair<int, int>> swaps;  ///< (local slot, distributed slot)
  /// Fraction of a state that is sent: 1 − 2^−swaps.
  double fraction() const;
};

struct ExchangePlan {
  int qubits = 0;
  int local_qubits = 0;             ///< L
  std::vector<Gate> start;          ///< Ry on distributed qubits in |0⟩, before the first stage
  std::vector<Stage> stages;        ///< at least one
  std::vector<Exchange> exchanges;  ///< one less than stages
  int rank_bits() const { return qubits - local_qubits; }
  /// Sum of the exchanges' fractions: states sent in one forward run. A gradient sends three times
  /// as much (two states are sent on the way back).
  double exchanged_states() const;
};

/// The cheapest plan that a beam search finds: fewest bytes, then fewest stages. Throws InputError
/// unless 1 <= local_qubits <= N (an Rx or CX needs at least one local qubit).
ExchangePlan plan_exchanges(const Circuit& circuit, int local_qubits, Purpose purpose);

/// The cheapest of all plans, by exhaustive search over sets of local qubits; for small circuits.
ExchangePlan optimal_exchanges(const Circuit& circuit, int local_qubits, Purpose purpose);

/// States sent in a forward run by a simulator that keeps the high qubits distributed and, for
/// every rotation or CX target on one of them, swaps it with the least recently used local qubit.
double naive_exchanged_states(const Circuit& circuit, int local_qubits, Purpose purpose);

/// The same plan, with a last exchange if necessary, so that the lowest L qubits are local at the
/// end: each rank then holds consecutive entries of the table.
ExchangePlan in_table_order(ExchangePlan plan);

/// What one rank does in one stage.
struct RankStage {
  Schedule schedule;                 ///< on the local slots; angle k is `angles[k]`
  Circuit circuit;                   ///< the same, gate by gate
  Purpose purpose;                   ///< of `circuit`, given the stages before and after it
  std::vector<DerivedAngle> angles;  ///< of the schedule
  std::vector<DerivedAngle> phase;   ///< the whole part is multiplied by e^{i·(sum of these)}
};

/// An exchange on one rank: the amplitudes whose slots have value `kept ^ d` are swapped with rank
/// `peer[d]`.
struct RankExchange {
  std::vector<int> slots;  ///< bit i of d belongs to slots[i]
  Index kept = 0;          ///< value of the slots whose amplitudes stay
  std::vector<int> peer;   ///< 2^slots entries; peer[0] is this rank
};

/// The plan for one rank.
struct RankPlan {
  /// The part before the first stage is |0…0⟩ times a product over the distributed qubits: cos θ/2
  /// where the rank's bit is 0, sin θ/2 where it is 1 (θ = 0: the qubit is in |0⟩).
  struct Factor {
    Angle angle;
    int bit;
  };
  std::vector<Factor> start;
  std::vector<RankStage> stages;
  std::vector<RankExchange> exchanges;
  IndexMap result;  ///< where the part's entries belong in the whole state, after the last stage
};
RankPlan plan_for_rank(const ExchangePlan& plan, Index rank);

}  // namespace qhn
