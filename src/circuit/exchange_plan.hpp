#pragma once

#include <span>
#include <utility>
#include <vector>

#include "circuit/circuit.hpp"
#include "circuit/program.hpp"
#include "circuit/spread_stage.hpp"
#include "core/index_map.hpp"

namespace qhn {

/// How a circuit of N qubits runs on a state spread over 2^g ranks, planned before it starts.
///
/// A rank holds L = N − g *local* qubits, one per slot (bit) of the index into its part of the
/// state; the other g qubits are *spread*: their values are bits that differ from rank to rank. In
/// a stage these gates need no message: rotations of local qubits; every diagonal gate; CX with a
/// local target (a spread control is a known bit: X or nothing); CX between two spread qubits (it
/// renames ranks). Between two stages one exchange swaps some local with some spread qubits. Ry on
/// a qubit still in |0⟩ is free as well, whichever qubit it is: a product state is written down.

/// One exchange. Rank r's part with the swapped slots at value v goes to the rank whose bits of the
/// swapped spread qubits are v, and comes to lie where those bits of r say.
struct Exchange {
  std::vector<std::pair<int, int>> swaps;  ///< (local slot, spread slot)
  /// Of each state, how much goes through the network: 1 − 2^−swaps.
  double fraction() const;
};

struct ExchangePlan {
  int qubits = 0;
  int local_qubits = 0;             ///< L
  std::vector<Gate> start;          ///< Ry on spread qubits in |0⟩, before the first stage
  std::vector<Stage> stages;        ///< at least one
  std::vector<Exchange> exchanges;  ///< one less than stages
  int rank_bits() const { return qubits - local_qubits; }
  /// Sum of the exchanges' fractions: states sent through the network in one forward run. A
  /// gradient sends three times as much (two states travel back).
  double exchanged_states() const;
};

/// The cheapest plan that a beam search finds: least bytes, then fewest stages. Requires
/// 1 <= local_qubits <= N; throws InputError where an exchange would have nowhere to go (a Rx or CX
/// needs at least one local qubit).
ExchangePlan plan_exchanges(const Circuit& circuit, int local_qubits, Purpose purpose);

/// The best plan there is, by exhaustive search over all sets of local qubits; for small circuits.
ExchangePlan optimal_exchanges(const Circuit& circuit, int local_qubits, Purpose purpose);

/// States sent forward by a simulator that keeps the high qubits spread and, for every rotation or
/// CX target it meets there, swaps that qubit with the local one not used for longest.
double naive_exchanged_states(const Circuit& circuit, int local_qubits, Purpose purpose);

/// The same plan with, where it needs one, a last exchange after which the lowest L qubits are
/// local: each rank then holds consecutive entries of the table.
ExchangePlan in_table_order(ExchangePlan plan);

/// What one rank does in one stage.
struct RankStage {
  Program program;                   ///< on the local slots; angle k is `angles[k]`
  std::vector<DerivedAngle> angles;  ///< of the program
  std::vector<DerivedAngle> phase;   ///< the whole part is multiplied by e^{i·(sum of these)}
};

/// The other end of an exchange: the slots' value `kept ^ d` is swapped with rank `peer[d]`'s.
struct RankExchange {
  std::vector<int> slots;  ///< bit i of d belongs to slots[i]
  Index kept = 0;          ///< value of the slots whose amplitudes stay
  std::vector<int> peer;   ///< 2^slots entries; peer[0] is this rank
};

/// The plan as one rank sees it.
struct RankPlan {
  /// The part before the first stage is |0…0⟩ times a product over the spread qubits: cos θ/2 where
  /// the rank's bit is 0, sin θ/2 where it is 1 (θ = 0: the qubit is in |0⟩).
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
