#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/random.hpp"
#include "problem/data.hpp"
#include "problem/network.hpp"

namespace qhn {

enum class TrainerKind { ste, proxquant, signsgd };
const char* to_string(TrainerKind kind);

/// Mean loss (docs/theory.md, Networks and losses) over the sample numbers `batch`. `values`: any
/// real weights and biases, in the order of FixedNetwork::values.
double mean_loss(const FixedNetwork& network, const DataSet& data,
                 std::span<const std::uint32_t> batch, std::span<const double> values);

/// The same, with its gradient in the values. A sign unit passes the gradient straight through
/// where |a| <= 1 (Hubara, Courbariaux, Soudry, El-Yaniv, Bengio, NIPS 2016).
double mean_loss_and_gradient(const FixedNetwork& network, const DataSet& data,
                              std::span<const std::uint32_t> batch, std::span<const double> values,
                              std::span<double> gradient);

struct TrainerOptions {
  TrainerKind kind = TrainerKind::ste;
  double learning_rate = 0.1;
  int batch = 100;
  double regularizer = 1e-3;  ///< proxquant: λ per step
  double momentum = 0.9;
};

/// Trains the bits of one network as latent numbers u. A bit is 1 where u >= 0. Its value is
/// (v0 + v1)/2 + s·(v1 − v0)/2 with s = ±1, the sign of u, or s = u itself. g is the gradient of a
/// batch in u, m its momentum.
/// - ste: s = sign u, its gradient passed straight through; m = μm + g, u ← u − ηm, clipped to
///   [−1, 1]. BinaryConnect: Courbariaux, Bengio, David, NIPS 2015.
/// - proxquant: s = u; m = μm + g, u ← prox(u − ηm), which moves u by ηλt towards the nearer of ±1
///   but not beyond it; t counts the steps. Bai, Wang, Liberty, ICLR 2019, algorithm 1 with
///   λ_t = λ·t.
/// - signsgd: s = sign u; m = μm + (1 − μ)g, u ← u − η·sign m, clipped. Signum of Bernstein, Wang,
///   Azizzadenesheli, Anandkumar, ICML 2018.
class BinaryTrainer {
 public:
  /// Trains on the first `samples` samples of `data`, which must outlive it. `latent`: one number
  /// per bit, in parameter order.
  BinaryTrainer(const FixedNetwork& network, const DataSet& data, std::size_t samples,
                const TrainerOptions& options, std::vector<double> latent);

  /// One step on a batch of sample numbers; returns its mean loss.
  double step(std::span<const std::uint32_t> batch);
  /// One step on each batch of all samples, in an order drawn from `rng`; calls stepped(batch size)
  /// after each.
  template <class Stepped>
  void epoch(CounterRng& rng, const Stepped& stepped) {
    shuffle(rng);
    const auto size = static_cast<std::size_t>(options_.batch);
    for (std::size_t at = 0; at < order_.size(); at += size) {
      const auto batch = std::span(order_).subspan(at, std::min(size, order_.size() - at));
      step(batch);
      stepped(batch.size());
    }
  }

  const FixedNetwork& network() const { return network_; }
  const std::vector<double>& latent() const { return latent_; }
  /// The nearest binary network, without choice bits.
  Index bits() const;

 private:
  void shuffle(CounterRng& rng);

  FixedNetwork network_;
  const DataSet& data_;
  TrainerOptions options_;
  std::vector<double> centre_, half_;  // center and half range of each value pair
  std::vector<double> latent_, momentum_, values_, gradient_;
  std::vector<std::uint32_t> order_;
  double steps_ = 0.0;
};

}  // namespace qhn
