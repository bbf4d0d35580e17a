#include "circuit/part_stage.hpp"

#include <bit>
#include <numbers>
#include <utility>

namespace qhn {
namespace {

bool holds(Index form, Index part) { return std::popcount(form & part) & 1; }

class StageBuilder {
 public:
  StageBuilder(const Stage& stage, std::vector<Index>& rows) : stage_(stage), rows_(rows) {
    pending_.resize(stage.local.size(), 0);
    for (const std::vector<int>* qubits : {&stage.local, &stage.distributed})
      for (int q : *qubits)
        if (static_cast<std::size_t>(q) >= place_.size())
          place_.resize(static_cast<std::size_t>(q) + 1);
    for (std::size_t s = 0; s < stage.local.size(); ++s)
      place(stage.local[s]) = {static_cast<int>(s), true};
    for (std::size_t s = 0; s < stage.distributed.size(); ++s)
      place(stage.distributed[s]) = {static_cast<int>(s), false};
  }

  PartStage build() {
    for (const Gate& gate : stage_.gates) add(gate);
    for (std::size_t s = 0; s < pending_.size(); ++s) flush(static_cast<int>(s));
    result_.schedule = register_schedule(static_cast<int>(stage_.local.size()), gates_);
    result_.gates = std::move(gates_);
    return std::move(result_);
  }

 private:
  struct Place {
    int slot;
    bool local;
  };
  Place& place(int q) { return place_[static_cast<std::size_t>(q)]; }
  Index& row(const Place& p) { return rows_[static_cast<std::size_t>(p.slot)]; }
  Index& pending(int slot) { return pending_[static_cast<std::size_t>(slot)]; }

  void emit(GateKind kind, int slot, int second, const PartAngle& angle) {
    Gate gate{kind, slot, second};
    if (has_angle(kind)) {
      gate.angle = static_cast<int>(result_.angles.size());
      result_.angles.push_back(angle);
    }
    gates_.push_back(gate);
  }

  /// X = Ry(π) Z where `form` holds: Z joins the phases before it, Ry joins the rotation after it.
  void flip(int slot, Index form, PartAngle rotation) {
    emit(GateKind::rz, slot, -1, {{}, 0, 0, form});
    rotation.turned = form;
    emit(GateKind::ry, slot, -1, rotation);
  }

  void flush(int slot) {
    if (const Index form = std::exchange(pending(slot), 0)) flip(slot, form, {});
  }

  void add(const Gate& gate) {
    const Place first = place(gate.first);
    const Place second = gate.second >= 0 ? place(gate.second) : Place{-1, false};
    PartAngle angle{{gate.angle, 1.0, gate.angle >= 0 ? 0.0 : reduced_angle(gate.fixed)}};
    switch (gate.kind) {
      case GateKind::ry:
        if (const Index form = std::exchange(pending(first.slot), 0))
          return flip(first.slot, form, angle);
        return emit(gate.kind, first.slot, -1, angle);
      case GateKind::rx:
        flush(first.slot);
        return emit(gate.kind, first.slot, -1, angle);
      case GateKind::rz:
        if (first.local) {
          flush(first.slot);
          emit(gate.kind, first.slot, -1, angle);
        } else {
          angle.where = row(first);
          result_.phase.push_back(angle);
        }
        return;
      case GateKind::rzz:
        return add_rzz(gate.kind, first, second, angle);
      case GateKind::cx:
        if (first.local) {
          flush(first.slot);
          flush(second.slot);
          emit(gate.kind, first.slot, second.slot, {});
        } else if (second.local) {
          pending(second.slot) ^= row(first);
        } else {
          row(second) ^= row(first);
        }
        return;
      case GateKind::cz:
        return add_cz(gate.kind, first, second);
    }
  }

  void add_cz(GateKind kind, const Place& first, const Place& second) {
    if (first.local && second.local) {
      flush(first.slot);
      flush(second.slot);
      emit(kind, first.slot, second.slot, {});
    } else if (!first.local && !second.local) {  // π a b = π/2 (a + b − (a xor b))
      const double quarter = std::numbers::pi / 2;
      result_.phase.push_back({{-1, 1.0, quarter}, row(first)});
      result_.phase.push_back({{-1, 1.0, quarter}, row(second)});
      result_.phase.push_back({{-1, 1.0, -quarter}, row(first) ^ row(second)});
    } else {
      const Place &inside = first.local ? first : second, &outside = first.local ? second : first;
      flush(inside.slot);
      emit(GateKind::rz, inside.slot, -1, {{}, 0, 0, row(outside)});
    }
  }

  /// exp(−iφ Z⊗Z/2) with Z = s known on one side is e^{−isφ/2} diag(1, e^{isφ}) on the other.
  void add_rzz(GateKind kind, const Place& first, const Place& second, const PartAngle& angle) {
    if (first.local && second.local) {
      flush(first.slot);
      flush(second.slot);
      return emit(kind, first.slot, second.slot, angle);
    }
    const Index negated = (first.local ? 0 : row(first)) ^ (second.local ? 0 : row(second));
    const DerivedAngle& a = angle.angle;
    result_.phase.push_back({{a.index, -a.sign / 2, -a.offset / 2}, 0, negated});
    if (!first.local && !second.local) return;
    const Place& inside = first.local ? first : second;
    flush(inside.slot);
    emit(GateKind::rz, inside.slot, -1, {a, 0, negated});
  }

  const Stage& stage_;
  std::vector<Index>& rows_;
  std::vector<Place> place_;    ///< by qubit
  std::vector<Index> pending_;  ///< by slot: form of an X not yet emitted
  std::vector<Gate> gates_;
  PartStage result_;
};

}  // namespace

bool PartAngle::counts_on(Index part) const { return where == 0 || holds(where, part); }

DerivedAngle PartAngle::on(Index part) const {
  if (!counts_on(part)) return {};
  DerivedAngle result = angle;
  if (holds(negated, part)) {
    result.sign = -result.sign;
    result.offset = -result.offset;
  }
  if (holds(turned, part)) result.offset += std::numbers::pi;
  return result;
}

PartStage part_stage(const Stage& stage, std::vector<Index>& rows) {
  return StageBuilder(stage, rows).build();
}

}  // namespace qhn
