#pragma once

#include <span>
#include <vector>

#include "core/aligned.hpp"
#include "core/types.hpp"
#include "engine/pauli_chain.hpp"

namespace qhn {

/// The probabilities that one end of a chain contributes: the tensors of the qubits from that end
/// to the middle bond, contracted for every string of their bits, V_k[bits], k over the middle
/// bond. Bit j of `bits` is that of the half's lowest qubit plus j. Allocates nothing after
/// construction.
class HalfChain {
 public:
  /// Qubits 0 … plan.middle − 1 (`low`), or plan.middle … N − 1.
  HalfChain(const ChainPlan& plan, bool low);

  /// Computes values() from the tensors of `chain`.
  void forward(const PauliChain& chain);

  /// V, [bond][bits].
  const double* values() const { return levels_.back().data(); }

  /// Puts the derivatives of a number with respect to the tensors into chain.adjoint().
  /// `derivative`: with respect to V, [bond][bits].
  void backward(std::span<const double> derivative, PauliChain& chain);

  std::size_t bytes() const;

 private:
  struct Site {
    int qubit;
    Index outer, inner;  ///< bonds: toward the end of the chain, and toward the middle
    ReadoutError readout;
    /// ⟨b|T|b⟩ of the bit b = 0, 1 that is read: as [b][inner][outer], and [b][outer][inner].
    AlignedVector<double> by_inner, by_outer;
  };

  void read_tensor(const PauliChain& chain, Site& site);
  void write_adjoint(PauliChain& chain, const Site& site);

  bool low_;
  std::vector<Site> sites_;                    ///< from the end to the middle
  std::vector<AlignedVector<double>> levels_;  ///< before each site and at the end
  AlignedVector<double> split_;                ///< a level as [bond][bit of the site][other bits]
  AlignedVector<double> derivative_, next_;    ///< of a level
  AlignedVector<double> by_inner_derivative_;  ///< of a site's by_inner
};

}  // namespace qhn
