#include "circuit/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>
#include <string>

#include "core/error.hpp"

namespace qhn {
namespace {

Index mask_of(const std::vector<std::pair<int, int>>& pairs) {
  Index mask = 0;
  for (const auto& [a, b] : pairs) mask |= (Index{1} << a) | (Index{1} << b);
  return mask;
}

/// The qubits a step acts on, and those on which it is not diagonal.
struct Support {
  Index touched = 0;
  Index changed = 0;
};

Support support_of(const Step& step) {
  Support s;
  if (const auto* rotation = std::get_if<Rotation>(&step)) {
    for (std::size_t q = 0; q < rotation->angles.size(); ++q)
      if (rotation->angles[q].index >= 0 || rotation->angles[q].fixed != 0.0)
        s.touched |= Index{1} << q;
    s.changed = s.touched;
  } else if (const auto* phase = std::get_if<Phase>(&step)) {
    for (const PhaseTerm& t : phase->terms)
      s.touched |= (Index{1} << t.first) | (t.second >= 0 ? Index{1} << t.second : 0);
  } else if (const auto* permutation = std::get_if<Permutation>(&step)) {
    s.touched = mask_of(permutation->cx);
    for (const auto& [control, target] : permutation->cx) s.changed |= Index{1} << target;
  } else if (const auto* sign = std::get_if<Sign>(&step)) {
    s.touched = mask_of(sign->cz);
  } else {
    const auto& branch = std::get<Branch>(step);
    s.touched = branch.mask;
    if (branch.kind == Branch::Kind::flip) s.changed = branch.mask;
  }
  return s;
}

bool commute(const Support& a, const Support& b) {
  return (a.changed & b.touched) == 0 && (a.touched & b.changed) == 0;
}

/// Collects gates into as few steps as commutation allows.
class ScheduleBuilder {
 public:
  explicit ScheduleBuilder(int qubits) { schedule_.qubits = qubits; }

  void rotation(int q, Angle angle) {
    const Index here = Index{1} << q;
    auto* step = join<Rotation>({here, here}, [&](const Rotation& r) { return is_identity(r, q); });
    if (!step) {
      Rotation fresh;
      fresh.angles.resize(static_cast<std::size_t>(schedule_.qubits));
      fresh.control_of.assign(static_cast<std::size_t>(schedule_.qubits), -1);
      step = append(std::move(fresh));
    }
    step->angles[static_cast<std::size_t>(q)] = angle;
  }

  void phase(const PhaseTerm& term) {
    const Index here = (Index{1} << term.first) | (term.second >= 0 ? Index{1} << term.second : 0);
    auto* step = join<Phase>({here, 0}, [](const Phase&) { return true; });
    if (!step) step = append(Phase{});
    step->terms.push_back(term);
  }

  void cx(int control, int target) {
    const Support here{(Index{1} << control) | (Index{1} << target), Index{1} << target};
    auto* step = join<Permutation>(here, [](const Permutation&) { return true; });
    if (!step) step = append(Permutation{});
    step->cx.emplace_back(control, target);
  }

  void cz(int a, int b) {
    const auto pair = std::minmax(a, b);
    auto* step =
        join<Sign>({(Index{1} << a) | (Index{1} << b), 0}, [](const Sign&) { return true; });
    if (!step) step = append(Sign{});
    const auto twin = std::find(step->cz.begin(), step->cz.end(), std::pair<int, int>(pair));
    if (twin == step->cz.end())
      step->cz.push_back(pair);
    else
      step->cz.erase(twin);  // CZ² = 1
  }

  void branch(Branch::Kind kind, Index mask, Angle angle = {}) {
    schedule_.branches *= 2;
    append(Branch{kind, mask, angle});
  }

  Schedule finish() {
    fuse_permutations();
    return std::move(schedule_);
  }

 private:
  static bool is_identity(const Rotation& rotation, int q) {
    const Angle& a = rotation.angles[static_cast<std::size_t>(q)];
    return a.index < 0 && a.fixed == 0.0;
  }

  template <class S>
  S* append(S step) {
    schedule_.steps.emplace_back(std::move(step));
    return &std::get<S>(schedule_.steps.back());
  }

  /// The earliest step of kind S that the gate may join: all steps after it commute with the gate.
  template <class S, class Accept>
  S* join(const Support& gate, Accept accept) {
    S* found = nullptr;
    for (auto step = schedule_.steps.rbegin(); step != schedule_.steps.rend(); ++step) {
      if (auto* same = std::get_if<S>(&*step); same && accept(*same)) found = same;
      if (!commute(gate, support_of(*step))) break;
    }
    return found;
  }

  /// Moves disjoint CX gates whose control is the qubit below the target into the next rotation,
  /// past the steps that commute with them.
  void fuse_permutations() {
    auto& steps = schedule_.steps;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      auto* permutation = std::get_if<Permutation>(&steps[i]);
      if (!permutation || !disjoint(*permutation)) continue;
      const auto rest = std::partition(permutation->cx.begin(), permutation->cx.end(),
                                       [](const auto& cx) { return fusible(cx); });
      if (rest == permutation->cx.begin()) continue;
      if (rest != permutation->cx.end()) {  // disjoint, so their order is free: the rest goes first
        Permutation others{{rest, permutation->cx.end()}};
        permutation->cx.erase(rest, permutation->cx.end());
        steps.insert(steps.begin() + static_cast<std::ptrdiff_t>(i), std::move(others));
        permutation = std::get_if<Permutation>(&steps[++i]);
      }
      const Support support = support_of(steps[i]);
      for (std::size_t j = i + 1; j < steps.size(); ++j) {
        if (auto* rotation = std::get_if<Rotation>(&steps[j])) {
          for (const auto& [control, target] : permutation->cx)
            rotation->control_of[static_cast<std::size_t>(target)] = control;
          steps.erase(steps.begin() + static_cast<std::ptrdiff_t>(i));
          --i;
          break;
        }
        if (!commute(support, support_of(steps[j]))) break;
      }
    }
  }

  static bool disjoint(const Permutation& permutation) {
    Index seen = 0;
    for (const auto& [control, target] : permutation.cx) {
      const Index here = (Index{1} << control) | (Index{1} << target);
      if (seen & here) return false;
      seen |= here;
    }
    return true;
  }

  /// The kernels can read a control from the registers of the same pass or from the address; for
  /// the neighbor below the target, one of the two always holds.
  static bool fusible(const std::pair<int, int>& cx) { return cx.first == cx.second - 1; }

  Schedule schedule_;
};

}  // namespace

Index Rotation::active() const {
  Index qubits = 0;
  for (std::size_t q = 0; q < angles.size(); ++q)
    if (angles[q].index >= 0 || angles[q].fixed != 0.0 || control_of[q] >= 0)
      qubits |= Index{1} << q;
  return qubits;
}

// A leading Rzz only adds a global phase, which a state must keep.
std::vector<Gate> visible_gates(const Circuit& circuit, Purpose purpose) {
  std::vector<Gate> gates;
  Index touched = starts_in_zero(purpose) ? 0 : ~Index{0};
  for (const Gate& gate : circuit.gates) {
    const Index first = Index{1} << gate.first;
    const Index second = gate.second >= 0 ? Index{1} << gate.second : 0;
    switch (gate.kind) {
      case GateKind::cx:
        if (!(touched & first)) continue;
        touched |= second;
        break;
      case GateKind::cz:
        if (!(touched & first) || !(touched & second)) continue;
        break;
      case GateKind::rz:
        if (!(touched & first)) continue;
        break;
      case GateKind::rzz:
        if (purpose == Purpose::expectation && !(touched & (first | second))) continue;
        break;
      case GateKind::rx:
      case GateKind::ry:
        touched |= first;
        break;
    }
    gates.push_back(gate);
  }
  if (ends_in_state(purpose)) return gates;

  // From the end: a diagonal gate is invisible while no later gate mixes its qubits. A CX mixes its
  // target only, being diagonal on its control.
  Index open = 0;
  std::vector<Gate> kept;
  for (auto gate = gates.rbegin(); gate != gates.rend(); ++gate) {
    const Index first = Index{1} << gate->first;
    const Index second = gate->second >= 0 ? Index{1} << gate->second : 0;
    switch (gate->kind) {
      case GateKind::rz:
        if (!(open & first)) continue;
        break;
      case GateKind::cz:
      case GateKind::rzz:
        if (!(open & (first | second))) continue;
        break;
      case GateKind::cx:
        open |= second;
        break;
      case GateKind::rx:
      case GateKind::ry:
        open |= first;
        break;
    }
    kept.push_back(*gate);
  }
  std::reverse(kept.begin(), kept.end());
  return kept;
}

namespace {

/// Builds both registers in one pass over the gates. Crossing CZ gates are collected and split by
/// the rank of their biadjacency matrix: CZ on all pairs needs one branching, not n².
class Cutter {
 public:
  Cutter(int qubits, int low_qubits, int max_branches)
      : low_qubits_(low_qubits),
        high_qubits_(qubits - low_qubits),
        max_branches_(max_branches),
        low_(low_qubits),
        high_(qubits - low_qubits) {}

  void add(const Gate& gate) {
    const bool crossing = gate.second >= 0 && is_low(gate.first) != is_low(gate.second);
    if (gate.kind == GateKind::cz && crossing) {
      const int a = is_low(gate.first) ? gate.first : gate.second;
      const int b = local(is_low(gate.first) ? gate.second : gate.first);
      if (crossing_.empty()) crossing_.resize(static_cast<std::size_t>(high_qubits_));
      crossing_[static_cast<std::size_t>(b)] ^= Index{1} << a;
      crossing_touched_ |= (Index{1} << gate.first) | (Index{1} << gate.second);
      return;
    }
    if (conflicts_with_crossing(gate)) flush_crossing();
    if (crossing)
      cross(gate);
    else
      inside(gate);
  }

  CutCircuit finish() {
    flush_crossing();
    return {low_.finish(), high_.finish()};
  }

 private:
  bool is_low(int q) const { return q < low_qubits_; }
  int local(int q) const { return is_low(q) ? q : q - low_qubits_; }
  ScheduleBuilder& side(int q) { return is_low(q) ? low_ : high_; }

  bool conflicts_with_crossing(const Gate& gate) const {
    Index changed = 0;
    if (gate.kind == GateKind::cx) changed = Index{1} << gate.second;
    if (gate.kind == GateKind::rx || gate.kind == GateKind::ry) changed = Index{1} << gate.first;
    return crossing_touched_ & changed;
  }

  void inside(const Gate& gate) {
    ScheduleBuilder& builder = side(gate.first);
    const int q = local(gate.first);
    const Angle angle{gate.angle, gate.fixed};
    switch (gate.kind) {
      case GateKind::cx:
        builder.cx(q, local(gate.second));
        break;
      case GateKind::cz:
        builder.cz(q, local(gate.second));
        break;
      case GateKind::ry:
        builder.rotation(q, angle);
        break;
      case GateKind::rx:  // Rx(t) = D(−π/2) Ry(t) D(π/2) with D(φ) = diag(1, e^{iφ})
        builder.phase({q, -1, {-1, std::numbers::pi / 2}});
        builder.rotation(q, angle);
        builder.phase({q, -1, {-1, -std::numbers::pi / 2}});
        break;
      case GateKind::rz:
        builder.phase({q, -1, angle});
        break;
      case GateKind::rzz:
        builder.phase({q, local(gate.second), angle});
        break;
    }
  }

  void cross(const Gate& gate) {
    double_branches();
    const Index first = Index{1} << local(gate.first);
    const Index second = Index{1} << local(gate.second);
    if (gate.kind == GateKind::cx) {
      side(gate.first).branch(Branch::Kind::project, first);
      side(gate.second).branch(Branch::Kind::flip, second);
    } else {
      side(gate.first).branch(Branch::Kind::weighted, first, {gate.angle, gate.fixed});
      side(gate.second).branch(Branch::Kind::sign, second);
    }
  }

  /// (−1)^{hᵀ M l} for the biadjacency matrix M (rows: high qubits) as a product over a rank
  /// factorization M = Σ_i u_i v_iᵀ over GF(2).
  void flush_crossing() {
    if (crossing_.empty()) return;
    for (std::size_t pivot = 0; pivot < crossing_.size(); ++pivot) {
      const Index v = crossing_[pivot];
      if (v == 0) continue;
      const Index lead = v & (~v + 1);
      Index u = 0;
      for (std::size_t row = pivot; row < crossing_.size(); ++row)
        if (crossing_[row] & lead) {
          crossing_[row] ^= v;
          u |= Index{1} << row;
        }
      double_branches();
      high_.branch(Branch::Kind::project, u);
      low_.branch(Branch::Kind::sign, v);
    }
    crossing_.clear();
    crossing_touched_ = 0;
  }

  void double_branches() {
    branches_ *= 2;
    if (branches_ > max_branches_)
      throw InputError("cutting below qubit " + std::to_string(low_qubits_) + " needs more than " +
                       std::to_string(max_branches_) + " branches");
  }

  int low_qubits_;
  int high_qubits_;
  int max_branches_;
  int branches_ = 1;
  ScheduleBuilder low_, high_;
  std::vector<Index> crossing_;  ///< row: high qubit; bits: low qubits
  Index crossing_touched_ = 0;   ///< in circuit qubits
};

double register_fmas(const Schedule& schedule) {
  // A rotation costs 2 FMA per amplitude and qubit forward, 6 backward; a phase about 14 in all.
  const double size = std::ldexp(1.0, schedule.qubits);
  double branches = 1, sum = 0;
  for (const Step& step : schedule.steps) {
    if (std::holds_alternative<Branch>(step)) branches *= 2;
    const double cost = std::holds_alternative<Rotation>(step) ? 8.0 * schedule.qubits : 14.0;
    sum += branches * size * cost;
  }
  return sum;
}

}  // namespace

CutCircuit cut_circuit(const Circuit& circuit, int low_qubits, Purpose purpose, int max_branches) {
  Cutter cutter(circuit.qubits, low_qubits, max_branches);
  for (const Gate& gate : visible_gates(circuit, purpose)) cutter.add(gate);
  return cutter.finish();
}

Schedule register_schedule(int qubits, std::span<const Gate> gates) {
  Cutter cutter(qubits, qubits, 1);
  for (const Gate& gate : gates) cutter.add(gate);
  return cutter.finish().low;
}

double gradient_fmas(const CutCircuit& cut) {
  const double chi = cut.branches();
  const double size = std::ldexp(1.0, cut.qubits());
  // Up to four branches the products of branch pairs are contracted (2 χ² real FMA per entry of the
  // table); beyond that the amplitudes are formed tile by tile (three complex products of rank χ).
  const double contraction = chi <= 4 ? 2 * chi * chi : 12 * chi + 3;
  return size * contraction + register_fmas(cut.low) + register_fmas(cut.high);
}

namespace {

std::optional<CutCircuit> cheapest_cut(const Circuit& circuit, Purpose purpose) {
  constexpr int max_branches = 256;
  const int middle = circuit.qubits / 2;
  std::optional<CutCircuit> best;
  for (int low = std::max(1, middle - 3); low <= middle + 3 && low < circuit.qubits; ++low) {
    try {
      CutCircuit cut = cut_circuit(circuit, low, purpose, max_branches);
      if (!best || gradient_fmas(cut) < gradient_fmas(*best)) best = std::move(cut);
    } catch (const InputError&) {
      continue;  // too many branches for this cut to pay
    }
  }
  return best;
}

}  // namespace

CutCircuit cheapest_proper_cut(const Circuit& circuit, Purpose purpose) {
  auto best = cheapest_cut(circuit, purpose);
  if (!best)
    throw InputError("every cut of this circuit near the middle needs more than 256 branches");
  return *std::move(best);
}

CutCircuit best_cut(const Circuit& circuit, Purpose purpose) {
  CutCircuit whole = cut_circuit(circuit, circuit.qubits, purpose);
  auto best = cheapest_cut(circuit, purpose);
  return best && gradient_fmas(*best) < gradient_fmas(whole) ? *std::move(best) : whole;
}

}  // namespace qhn
