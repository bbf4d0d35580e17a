#pragma once

#include <algorithm>
#include <span>

#include "core/aligned.hpp"
#include "core/chunks.hpp"
#include "engine/adjoint.hpp"
#include "engine/register.hpp"

namespace qhn {

/// One register with its states and their adjoints.
template <class T>
struct CutSide {
  RegisterSchedule<T> schedule;
  Adjoint<T> adjoint;
  AlignedVector<T> phi, lambda_storage;
  std::size_t angles;
  AlignedVector<double> gradients;  ///< [group][angle]: contributions of this side

  CutSide(const Schedule& p, int groups, int angles_)
      : schedule(p, groups),
        adjoint(schedule),
        phi(schedule.elements()),
        lambda_storage(schedule.elements() + cache_shift<T>),
        angles(static_cast<std::size_t>(angles_)),
        gradients(static_cast<std::size_t>(groups) * stride()) {}

  T* lambda() { return lambda_storage.data() + cache_shift<T>; }

  std::size_t stride() const { return (angles + 7) / 8 * 8; }  // no two groups on a cache line
  std::span<double> gradient(int group) {
    return {gradients.data() + static_cast<std::size_t>(group) * stride(), angles};
  }

  std::size_t bytes() const {
    return schedule.bytes() + adjoint.bytes() + (phi.size() + lambda_storage.size()) * sizeof(T) +
           gradients.size() * sizeof(double);
  }
};

/// The two registers of a cut circuit. Threads share groups of branches.
template <class T>
struct CutRegisters {
  CutSide<T> low, high;

  CutRegisters(const CutCircuit& cut, int groups, int angles, int threads)
      : low(cut.low, groups, angles),
        high(cut.high, groups, angles),
        groups_(groups),
        threads_(threads) {}

  void forward(std::span<const double> angles) {
    for (std::size_t s = 0; s < low.schedule.segments().size(); ++s)
      for_groups(s, [&](CutSide<T>& side, const Segment& segment, const BranchGroup& group) {
        if (s == 0) {  // one branch, one group
          side.schedule.set_angles(angles);
          side.schedule.start(side.phi.data(), 1);
        }
        side.schedule.run_segment(segment, group, side.phi.data(), 1);
      });
  }

  /// From λ_A and λ_B to the gradient.
  void backward(std::span<double> gradient) {
    const std::size_t segments = low.schedule.segments().size();
    for (std::size_t s = segments; s-- > 0;)
      for_groups(s, [&](CutSide<T>& side, const Segment& segment, const BranchGroup& group) {
        const std::span<double> share = side.gradient(group.index);
        if (s == segments - 1) std::ranges::fill(share, 0.0);  // the last segment has all groups
        side.adjoint.run_segment(segment, group, side.phi.data(), side.lambda(), share, 1);
      });
    std::ranges::fill(gradient, 0.0);
    for (CutSide<T>* side : {&low, &high})
      for (int group = 0; group < groups_; ++group) {
        const std::span<const double> share = side->gradient(group);
        for (std::size_t k = 0; k < gradient.size(); ++k) gradient[k] += share[k];
      }
  }

  std::size_t bytes() const { return low.bytes() + high.bytes(); }

 private:
  /// Calls f(side, segment, group) for the groups of branches of both sides, a task for each. Very
  /// small registers run on one thread: waking another would cost more.
  template <class F>
  void for_groups(std::size_t segment, F f) {
    const Segment& at = low.schedule.segments()[segment];
    const int groups = std::min(groups_, at.branches);
    const bool small = low.phi.size() + high.phi.size() < (1 << 14);
    for_stealing(static_cast<Index>(2 * groups), small ? 1 : threads_, [&](Index task) {
      CutSide<T>& side = task % 2 == 0 ? high : low;
      f(side, side.schedule.segments()[segment], BranchGroup{static_cast<int>(task / 2), groups});
    });
  }

  int groups_, threads_;
};

}  // namespace qhn
