#include "engine/pauli_chain.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>

#include "core/chunks.hpp"
#include "core/error.hpp"

namespace qhn {
namespace {

constexpr Index most_bond = 4096;  // a tensor between two of them takes half a gigabyte

using Kind = ChainStep::Kind;

/// Builds the steps gate by gate.
class Planner {
 public:
  explicit Planner(const Circuit& circuit)
      : noise_(circuit.noise),
        one_(channel_map(noise_.kind, noise_.one_qubit)),
        known_(static_cast<std::size_t>(circuit.qubits), zero_state) {
    plan_.qubits = circuit.qubits;
    plan_.angles = circuit.angles;
    plan_.steps.resize(known_.size());
    plan_.bonds.assign(known_.size() + 1, 1);
    for (const Gate& gate : circuit.gates) {
      if (is_two_qubit(gate.kind))
        add_pair(gate);
      else
        add_turn(gate);
    }
  }

  ChainPlan finish() {
    for (int q = 0; q < plan_.qubits; ++q) plan_.readout.push_back(noise_.readout_of(q));
    int best = plan_.qubits / 2;
    double least = fmas_at(best);
    for (int q = 0; q <= plan_.qubits; ++q)
      if (const double fmas = fmas_at(q); fmas < least) {
        least = fmas;
        best = q;
      }
    plan_.middle = best;
    return std::move(plan_);
  }

 private:
  double fmas_at(int middle) {
    plan_.middle = middle;
    return plan_.fmas(true);
  }

  void add_turn(const Gate& gate) {
    const auto q = static_cast<std::size_t>(gate.first);
    ChainStep step{Kind::turn, {one_}, {gate.angle, gate.fixed}, gate.kind};
    // A turn about Z leaves |0⟩⟨0| and what noise makes of it as they are.
    const bool idle =
        gate.kind == GateKind::rz && known_[q] && (*known_[q])[1] == 0.0 && (*known_[q])[2] == 0.0;
    known_[q] = idle ? std::optional(image_of(one_, *known_[q])) : std::nullopt;
    append(gate.first, std::move(step));
  }

  void add_pair(const Gate& gate) {
    const int low = std::min(gate.first, gate.second), high = std::max(gate.first, gate.second);
    ChainStep on_first{Kind::right, {}, {gate.angle, gate.fixed}, gate.kind};
    ChainStep on_second = on_first;
    if (gate.kind == GateKind::rzz && gate.angle >= 0) {
      for (const TurnedTerm& t : rzz_terms(noise_)) {
        on_first.maps.push_back(t.term.first);
        on_second.maps.push_back(t.term.second);
        on_first.constant.push_back(t.constant);
        on_first.cosine.push_back(t.cosine);
        on_first.sine.push_back(t.sine);
      }
    } else {
      const auto known = [this](int q) {
        const auto& v = known_[static_cast<std::size_t>(q)];
        return v ? &*v : nullptr;
      };
      for (const PauliTerm& t : gate_terms(gate.kind, reduced_angle(gate.fixed), noise_,
                                           known(gate.first), known(gate.second))) {
        on_first.maps.push_back(t.first);
        on_second.maps.push_back(t.second);
      }
    }
    const auto terms = static_cast<Index>(on_first.maps.size());
    for (int q = low + 1; q <= high; ++q) {
      Index& bond = plan_.bonds[static_cast<std::size_t>(q)];
      bond *= terms;
      if (bond > most_bond)
        throw InputError(fmt::format(
            "the tensor engine needs a bond of more than {} between qubits {} and {}; allowed: a "
            "circuit with fewer two-qubit gates across it",
            most_bond, q - 1, q));
    }
    // One product: both qubits are still independent of the others.
    for (const auto& [q, step] : {std::pair(gate.first, &on_first), {gate.second, &on_second}}) {
      auto& known = known_[static_cast<std::size_t>(q)];
      known = terms == 1 && known ? std::optional(image_of(step->maps[0], *known)) : std::nullopt;
    }
    (gate.first < gate.second ? on_second : on_first).kind = Kind::left;
    for (int q = low + 1; q < high; ++q) {
      ChainStep passing{Kind::through, on_first.maps, {}};
      append(q, std::move(passing));
    }
    append(gate.first, std::move(on_first));
    append(gate.second, std::move(on_second));
  }

  void append(int qubit, ChainStep step) {
    const auto q = static_cast<std::size_t>(qubit);
    step.left_size = plan_.bonds[q];
    step.right_size = plan_.bonds[q + 1];
    plan_.steps[q].push_back(std::move(step));
  }

  ChainPlan plan_;
  Noise noise_;
  PauliMap one_;
  /// Operators of the qubits that no angle and no other qubit has changed yet.
  std::vector<std::optional<PauliVector>> known_;
};

/// y += factor · x.
void add_scaled(double factor, const double* x, Index count, double* y) {
  for (Index i = 0; i < count; ++i) y[i] += factor * x[i];
}

/// Σ x y, in eight sums.
double dot(const double* x, const double* y, Index count) {
  constexpr Index lanes = 8;
  double sums[lanes] = {};
  Index i = 0;
  for (; i + lanes <= count; i += lanes)
    for (Index k = 0; k < lanes; ++k) sums[k] += x[i + k] * y[i + k];
  for (Index k = 0; i < count; ++i, ++k) sums[k] += x[i] * y[i];
  return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
}

/// Where the entries of T[p] = in[p] stand in T'[p] = out[p]: row l of `length` entries at
/// offset + l·stride.
struct Placement {
  Index in_plane, out_plane, rows, length, stride, offset;
};

/// Places of term k of a step; T has left × right entries in each plane.
Placement placement(const ChainStep& step, Index k, Index left, Index right) {
  const Index out_plane = step.left_size * step.right_size;
  switch (step.kind) {
    case Kind::right:
      return {left * right, out_plane, left, right, step.right_size, k * right};
    case Kind::through:
      return {left * right, out_plane,       left,
              right,        step.right_size, k * left * step.right_size + k * right};
    case Kind::turn:
    case Kind::left:
      break;
  }
  return {left * right, out_plane, 1, left * right, left * right, k * left * right};
}

/// out[p] += Σ_q map[p][q] in[q].
void add_image(const PauliMap& map, const Placement& at, const double* in, double* out) {
  for (Index p = 0; p < 4; ++p)
    for (Index q = 0; q < 4; ++q)
      if (const double factor = map[4 * p + q]; factor != 0.0)
        for (Index l = 0; l < at.rows; ++l)
          add_scaled(factor, in + q * at.in_plane + l * at.length, at.length,
                     out + p * at.out_plane + at.offset + l * at.stride);
}

/// in[q] += Σ_p map[p][q] out[p].
void add_transposed_image(const PauliMap& map, const Placement& at, const double* out, double* in) {
  for (Index p = 0; p < 4; ++p)
    for (Index q = 0; q < 4; ++q)
      if (const double factor = map[4 * p + q]; factor != 0.0)
        for (Index l = 0; l < at.rows; ++l)
          add_scaled(factor, out + p * at.out_plane + at.offset + l * at.stride, at.length,
                     in + q * at.in_plane + l * at.length);
}

/// Σ_{p,q} out[p] map[p][q] in[q].
double between(const PauliMap& map, const Placement& at, const double* out, const double* in) {
  double sum = 0.0;
  for (Index p = 0; p < 4; ++p)
    for (Index q = 0; q < 4; ++q)
      if (const double factor = map[4 * p + q]; factor != 0.0)
        for (Index l = 0; l < at.rows; ++l)
          sum += factor * dot(out + p * at.out_plane + at.offset + l * at.stride,
                              in + q * at.in_plane + l * at.length, at.length);
  return sum;
}

/// map · R, where R rotates the plane with this cosine and sine, and `rest` on the other
/// components.
PauliMap turned(const ChainStep& step, double cosine, double sine, double rest) {
  const TurnedPlane plane = turned_plane(step.gate);
  const auto a = static_cast<std::size_t>(plane.a), b = static_cast<std::size_t>(plane.b);
  PauliMap result = step.maps[0];
  for (std::size_t row = 0; row < 16; row += 4) {
    const double from_a = result[row + a], from_b = result[row + b];
    for (std::size_t q = 0; q < 4; ++q) result[row + q] *= rest;
    result[row + a] = from_a * cosine + from_b * sine;
    result[row + b] = from_b * cosine - from_a * sine;
  }
  return result;
}

PauliMap scaled(const PauliMap& map, double factor) {
  PauliMap result = map;
  for (double& entry : result) entry *= factor;
  return result;
}

/// Term k of a step at an angle, and its derivative with respect to the angle if there is one.
struct Term {
  PauliMap map;
  std::optional<PauliMap> slope;
};
Term term_at(const ChainStep& step, std::size_t k, double angle, bool with_slope) {
  const bool slope = with_slope && step.angle.index >= 0;
  const double c = std::cos(angle), s = std::sin(angle);
  if (step.kind == Kind::turn)
    return {turned(step, c, s, 1.0),
            slope ? std::optional(turned(step, -s, c, 0.0)) : std::nullopt};
  if (step.constant.empty())
    return {step.kind == Kind::through ? pauli_identity : step.maps[k], std::nullopt};
  const double weight = step.constant[k] + step.cosine[k] * c + step.sine[k] * s;
  const double change = step.sine[k] * c - step.cosine[k] * s;
  return {scaled(step.maps[k], weight),
          slope ? std::optional(scaled(step.maps[k], change)) : std::nullopt};
}

/// The sizes of the bonds before a step.
std::pair<Index, Index> sizes_before(const std::vector<ChainStep>& steps, std::size_t s) {
  if (s == 0) return {1, 1};
  return {steps[s - 1].left_size, steps[s - 1].right_size};
}

}  // namespace

double ChainPlan::elements() const {
  double sum = 0.0;
  for (const auto& of_qubit : steps)
    for (const ChainStep& step : of_qubit)
      sum += 4.0 * static_cast<double>(step.left_size) * static_cast<double>(step.right_size);
  return sum;
}

double ChainPlan::fmas(bool gradient) const {
  const double passes = gradient ? 3.0 : 1.0;  // forward; backward to tensors and to levels
  double sum =
      (gradient ? 2.0 : 1.0) * std::ldexp(middle_bond(), qubits) + 4.0 * passes * elements();
  for (int q = 0; q < qubits; ++q) {
    const int before = q < middle ? q : qubits - 1 - q;  // bits of the half without this one
    sum += 2.0 * passes * std::ldexp(bond(q) * bond(q + 1), before);
  }
  return sum;
}

ChainPlan plan_chain(const Circuit& circuit) { return Planner(circuit).finish(); }

PauliChain::PauliChain(std::shared_ptr<const ChainPlan> plan)
    : plan_(std::move(plan)), sites_(plan_->steps.size()) {
  for (std::size_t q = 0; q < sites_.size(); ++q) {
    Site& site = sites_[q];
    site.tensors.emplace_back(zero_state.begin(), zero_state.end());
    Index most = 4;
    for (const ChainStep& step : plan_->steps[q]) {
      const Index size = 4 * step.left_size * step.right_size;
      site.tensors.emplace_back(size);
      most = std::max(most, size);
    }
    site.adjoint.resize(most);
    site.other.resize(most);
  }
}

void PauliChain::forward(std::span<const double> angles) {
  for (std::size_t q = 0; q < sites_.size(); ++q) {
    if (chunk_poll) (*chunk_poll)();
    for (std::size_t s = 0; s < plan_->steps[q].size(); ++s) {
      const ChainStep& step = plan_->steps[q][s];
      const auto [left, right] = sizes_before(plan_->steps[q], s);
      const double angle = step.angle.value(angles);
      AlignedVector<double>& out = sites_[q].tensors[s + 1];
      std::ranges::fill(out, 0.0);
      for (std::size_t k = 0; k < step.maps.size(); ++k)
        add_image(term_at(step, k, angle, false).map, placement(step, k, left, right),
                  sites_[q].tensors[s].data(), out.data());
    }
  }
}

std::span<const double> PauliChain::tensor(int q, int p) const {
  const auto& last = sites_[static_cast<std::size_t>(q)].tensors.back();
  const std::size_t plane = last.size() / 4;
  return {last.data() + static_cast<std::size_t>(p) * plane, plane};
}

std::span<double> PauliChain::adjoint(int q, int p) {
  Site& site = sites_[static_cast<std::size_t>(q)];
  const std::size_t plane = site.tensors.back().size() / 4;
  return {site.adjoint.data() + static_cast<std::size_t>(p) * plane, plane};
}

void PauliChain::backward(std::span<const double> angles, std::span<double> gradient) {
  for (std::size_t q = 0; q < sites_.size(); ++q) {
    if (chunk_poll) (*chunk_poll)();
    Site& site = sites_[q];
    for (std::size_t s = plan_->steps[q].size(); s-- > 0;) {
      const ChainStep& step = plan_->steps[q][s];
      const auto [left, right] = sizes_before(plan_->steps[q], s);
      const double angle = step.angle.value(angles);
      const double* in = site.tensors[s].data();
      std::fill_n(site.other.data(), site.tensors[s].size(), 0.0);
      for (std::size_t k = 0; k < step.maps.size(); ++k) {
        const Placement at = placement(step, k, left, right);
        const Term term = term_at(step, k, angle, true);
        if (term.slope)
          gradient[static_cast<std::size_t>(step.angle.index)] +=
              between(*term.slope, at, site.adjoint.data(), in);
        add_transposed_image(term.map, at, site.adjoint.data(), site.other.data());
      }
      std::swap(site.adjoint, site.other);
    }
  }
}

std::size_t PauliChain::bytes() const {
  std::size_t numbers = 0;
  for (const Site& site : sites_) {
    numbers += site.adjoint.size() + site.other.size();
    for (const auto& tensor : site.tensors) numbers += tensor.size();
  }
  return numbers * sizeof(double);
}

}  // namespace qhn
