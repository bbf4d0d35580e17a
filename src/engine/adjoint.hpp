#pragma once

#include <span>

#include "core/aligned.hpp"
#include "engine/register.hpp"

namespace qhn {

/// Adjoint differentiation of one register (Jones and Gacon, arXiv:2009.02823). Runs the schedule
/// backwards on φ (the states) and λ = ∂E/∂φ* (same shape), so that for every gate
/// ∂E/∂θ = 2 Re⟨λ|∂_θ φ⟩. Memory: two registers, for any depth. On return φ and λ have their values
/// before the first step.
template <class T>
class Adjoint {
 public:
  explicit Adjoint(RegisterSchedule<T>& schedule);

  /// Adds the derivatives to gradient[angle]. The schedule's angles must be set.
  void run(T* phi, T* lambda, std::span<double> gradient, int threads);

  /// The same for one segment and one group of its branches (RegisterSchedule::run_segment). Adds
  /// their share of the derivatives.
  void run_segment(const Segment& segment, const BranchGroup& group, T* phi, T* lambda,
                   std::span<double> gradient, int threads);

  std::size_t bytes() const;

 private:
  /// Sums of one group.
  struct Sums {
    AlignedVector<double> partial;  ///< [chunk][qubit]: derivatives of a rotation layer
    AlignedVector<T> column;        ///< [chunk][low part of the index]: sums of Im(λ* φ)
    AlignedVector<double> row;      ///< [high part of the index]
  };

  void undo(const RotationStep<T>& step, int branches, T* phi, T* lambda, Sums& sums,
            std::span<double> gradient, int threads);
  void undo(const PhaseStep<T>& step, int branches, T* phi, T* lambda, Sums& sums,
            std::span<double> gradient, int threads);
  void undo(const BranchStep<T>& step, const Segment& segment, const BranchGroup& group, T* phi,
            T* lambda, std::span<double> gradient);

  RegisterSchedule<T>& schedule_;
  std::vector<Sums> sums_;  ///< by group
};

}  // namespace qhn
