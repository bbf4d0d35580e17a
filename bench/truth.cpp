#include "truth.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

#include "core/chunks.hpp"
#include "engine/reference.hpp"
#include "engine/reference_engine.hpp"

namespace qhn {
namespace {

constexpr Index chunk_numbers = Index{1} << 16;

/// The gates that qubit q at the end depends on, on relabelled qubits.
struct LightCone {
  Circuit circuit;
  int target = 0;

  LightCone(const Circuit& whole, int q) {
    const auto touched = [](const Gate& g) {
      return Index{1} << g.first | (g.second >= 0 ? Index{1} << g.second : 0);
    };
    Index inside = Index{1} << q;
    for (auto gate = whole.gates.rbegin(); gate != whole.gates.rend(); ++gate) {
      if (!(inside & touched(*gate))) continue;
      inside |= touched(*gate);
      circuit.gates.push_back(*gate);
    }
    std::ranges::reverse(circuit.gates);
    const auto label = [&](int old) {
      return old < 0 ? -1 : std::popcount(inside & (dimension(old) - 1));
    };
    for (Gate& gate : circuit.gates) {
      gate.first = label(gate.first);
      gate.second = label(gate.second);
    }
    circuit.qubits = std::popcount(inside);
    circuit.angles = whole.angles;
    target = label(q);
  }
};

}  // namespace

void fill_angles(std::span<double> angles, CounterRng& rng) {
  for (double& angle : angles) angle = 2.0 * std::numbers::pi * rng.uniform();
}

void fill_random(std::span<double> values, std::uint64_t seed, int threads) {
  const Chunks chunks(values.size(), chunk_numbers, values.size());
  for_chunks(chunks, threads, [&](Index chunk) {
    CounterRng rng(seed, Stream::synthetic, chunk);
    for (Index i = chunks.begin(chunk); i < chunks.end(chunk); ++i) values[i] = rng.uniform();
  });
}

void fill_random_state(std::span<Complex> amplitudes, std::uint64_t seed, int threads) {
  const Chunks chunks(amplitudes.size(), chunk_numbers, amplitudes.size());
  std::vector<double> norms(chunks.count);
  for_chunks(chunks, threads, [&](Index chunk) {
    CounterRng rng(seed, Stream::synthetic, chunk);
    double norm = 0.0;
    for (Index i = chunks.begin(chunk); i < chunks.end(chunk); ++i) {
      const double re = rng.uniform() - 0.5;
      amplitudes[i] = {re, rng.uniform() - 0.5};
      norm += std::norm(amplitudes[i]);
    }
    norms[chunk] = norm;
  });
  double norm = 0.0;
  for (double n : norms) norm += n;
  for_chunks(chunks, threads, [&](Index chunk) {
    for (Index i = chunks.begin(chunk); i < chunks.end(chunk); ++i)
      amplitudes[i] /= std::sqrt(norm);
  });
}

void fill_one_body(std::span<double> costs, std::span<const double> weights, int threads) {
  const auto sum = [&](Index w, std::size_t begin, std::size_t end) {
    double s = 0.0;
    for (std::size_t q = begin; q < end; ++q) s += bit(w, static_cast<int>(q)) ? weights[q] : 0.0;
    return s;
  };
  const std::size_t low_bits = weights.size() / 2;
  const Index low_size = dimension(static_cast<int>(low_bits));
  std::vector<double> low(low_size);
  for (Index x = 0; x < low_size; ++x) low[x] = sum(x, 0, low_bits);
  const Chunks rows(costs.size() / low_size, 1);
  for_chunks(rows, threads, [&](Index chunk) {
    for (Index r = rows.begin(chunk); r < rows.end(chunk); ++r) {
      const double high = sum(r * low_size, low_bits, weights.size());
      for (Index x = 0; x < low_size; ++x) costs[r * low_size + x] = high + low[x];
    }
  });
}

Derivatives one_body_truth(const Circuit& circuit, std::span<const double> weights,
                           std::span<const double> angles) {
  Derivatives truth;
  truth.gradient.resize(angles.size());
  std::vector<double> gradient(angles.size());
  for (int q = 0; q < circuit.qubits; ++q) {
    const LightCone cone(circuit, q);
    std::vector<double> cost(dimension(cone.circuit.qubits));
    for (Index w = 0; w < cost.size(); ++w)
      cost[w] = bit(w, cone.target) ? weights[static_cast<std::size_t>(q)] : 0.0;
    truth.value +=
        make_reference_engine(cone.circuit, cost)->expectation_and_gradient(angles, gradient);
    for (std::size_t k = 0; k < gradient.size(); ++k) truth.gradient[k] += gradient[k];
  }
  return truth;
}

AlignedVector<Complex> naive_state(const Circuit& circuit, std::span<const Complex> start,
                                   std::span<const double> angles) {
  AlignedVector<Complex> state(start.begin(), start.end());
  for (const Gate& gate : circuit.gates)
    apply_gate_reference(gate, gate_angle(gate, angles), state);
  return state;
}

double naive_derivative(const Circuit& circuit, std::span<const double> cost,
                        std::span<const Complex> start, std::vector<double> angles, std::size_t k) {
  const double at = angles[k];
  const auto value = [&](double angle) {
    angles[k] = angle;
    return reference_expectation(naive_state(circuit, start, angles), cost);
  };
  return (value(at + std::numbers::pi / 2) - value(at - std::numbers::pi / 2)) / 2;
}

}  // namespace qhn
