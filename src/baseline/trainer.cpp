#include "baseline/trainer.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace qhn {
namespace {

double sign(double x) { return x >= 0.0 ? 1.0 : -1.0; }

// f'(a), given f = f(a).
double slope(Activation activation, double a, double f) {
  switch (activation) {
    case Activation::relu:
      return a > 0.0 ? 1.0 : 0.0;
    case Activation::sigmoid:
      return f * (1.0 - f);
    case Activation::sign:
      return std::abs(a) <= 1.0 ? 1.0 : 0.0;
    case Activation::tanh:
      return 1.0 - f * f;
    case Activation::clamped_relu:
      return a > 0.0 && a < 1.0 ? 1.0 : 0.0;
  }
  return 0.0;
}

struct Loss {
  double value;
  double slope;  // derivative in z, the argument of the output's σ
};

Loss output_loss(NetworkKind kind, double z, bool label) {
  const double t = label ? -z : z;
  const double wrong = 1.0 / (1.0 + std::exp(-t));  // |p − y|
  const double towards = label ? -1.0 : 1.0;        // dt/dz
  if (kind == NetworkKind::logistic)
    return {std::max(t, 0.0) + std::log1p(std::exp(-std::abs(t))), towards * wrong};
  return {wrong * wrong, towards * 2.0 * wrong * wrong * (1.0 - wrong)};
}

// Moves u by `amount` towards the nearer of ±1, but not beyond it.
double prox(double u, double amount) {
  const double pole = sign(u), rest = u - pole;
  return pole + std::copysign(std::max(std::abs(rest) - amount, 0.0), rest);
}

}  // namespace

const char* to_string(TrainerKind kind) {
  switch (kind) {
    case TrainerKind::ste:
      return "ste";
    case TrainerKind::proxquant:
      return "proxquant";
    case TrainerKind::signsgd:
      return "signsgd";
  }
  return "unknown";
}

double mean_loss(const FixedNetwork& network, const DataSet& data,
                 std::span<const std::uint32_t> batch, std::span<const double> values) {
  double sum = 0.0;
  for (const std::uint32_t sample : batch)
    sum += output_loss(network.kind, network.output(values, data.row(sample)),
                       data.labels[sample] != 0)
               .value;
  return sum / static_cast<double>(batch.size());
}

double mean_loss_and_gradient(const FixedNetwork& network, const DataSet& data,
                              std::span<const std::uint32_t> batch, std::span<const double> values,
                              std::span<double> gradient) {
  const auto inputs = static_cast<std::size_t>(network.inputs);
  const auto hidden = static_cast<std::size_t>(network.hidden);
  const auto active = static_cast<std::size_t>(network.active);
  // Offsets of FixedNetwork::values; those of a logistic network are W at 0 and b at `inputs`.
  const std::size_t w2 = inputs * hidden, b2 = w2 + hidden, b1 = b2 + 1;
  std::fill(gradient.begin(), gradient.end(), 0.0);
  double sum = 0.0, a[64], f[64];
  for (const std::uint32_t sample : batch) {
    const auto x = data.row(sample);
    const bool label = data.labels[sample] != 0;
    if (network.kind == NetworkKind::logistic) {
      const Loss loss = output_loss(network.kind, network.output(values, x), label);
      for (std::size_t j = 0; j < inputs; ++j) gradient[j] += loss.slope * x[j];
      gradient[inputs] += loss.slope;
      sum += loss.value;
      continue;
    }
    double z = values[b2];
    for (std::size_t h = 0; h < active; ++h) {
      a[h] = values[b1 + h];
      for (std::size_t j = 0; j < inputs; ++j) a[h] += values[j * hidden + h] * x[j];
      f[h] = activate(network.activation, a[h]);
      z += values[w2 + h] * f[h];
    }
    const Loss loss = output_loss(network.kind, z, label);
    gradient[b2] += loss.slope;
    for (std::size_t h = 0; h < active; ++h) {
      gradient[w2 + h] += loss.slope * f[h];
      const double below = loss.slope * values[w2 + h] * slope(network.activation, a[h], f[h]);
      gradient[b1 + h] += below;
      for (std::size_t j = 0; j < inputs; ++j) gradient[j * hidden + h] += below * x[j];
    }
    sum += loss.value;
  }
  const double scale = 1.0 / static_cast<double>(batch.size());
  for (double& g : gradient) g *= scale;
  return sum * scale;
}

BinaryTrainer::BinaryTrainer(const FixedNetwork& network, const DataSet& data, std::size_t samples,
                             const TrainerOptions& options, std::vector<double> latent)
    : network_(network),
      data_(data),
      options_(options),
      centre_(network.values(0)),
      half_(network.values(dimension(network.bits()) - 1)),
      latent_(std::move(latent)),
      momentum_(latent_.size()),
      values_(latent_.size()),
      gradient_(latent_.size()),
      order_(samples) {
  for (std::size_t k = 0; k < half_.size(); ++k) {
    const double v0 = centre_[k], v1 = half_[k];
    centre_[k] = (v0 + v1) / 2;
    half_[k] = (v1 - v0) / 2;
  }
  std::iota(order_.begin(), order_.end(), 0u);
}

double BinaryTrainer::step(std::span<const std::uint32_t> batch) {
  const bool binary = options_.kind != TrainerKind::proxquant;
  for (std::size_t k = 0; k < latent_.size(); ++k)
    values_[k] = centre_[k] + half_[k] * (binary ? sign(latent_[k]) : latent_[k]);
  const double loss = mean_loss_and_gradient(network_, data_, batch, values_, gradient_);

  const double eta = options_.learning_rate, mu = options_.momentum;
  const double shrink = eta * options_.regularizer * ++steps_;
  for (std::size_t k = 0; k < latent_.size(); ++k) {
    const double g = half_[k] * gradient_[k];
    double &u = latent_[k], &m = momentum_[k];
    switch (options_.kind) {
      case TrainerKind::ste:
        m = mu * m + g;
        u = std::clamp(u - eta * m, -1.0, 1.0);
        break;
      case TrainerKind::proxquant:
        m = mu * m + g;
        u = prox(u - eta * m, shrink);
        break;
      case TrainerKind::signsgd:
        m = mu * m + (1.0 - mu) * g;
        if (m != 0.0) u = std::clamp(u - eta * sign(m), -1.0, 1.0);
        break;
    }
  }
  return loss;
}

Index BinaryTrainer::bits() const {
  Index w = 0;
  for (const double u : latent_) w = w << 1 | (u >= 0.0 ? 1u : 0u);
  return w;
}

void BinaryTrainer::shuffle(CounterRng& rng) {  // Fisher and Yates
  for (std::size_t k = order_.size(); k > 1; --k)
    std::swap(order_[k - 1],
              order_[static_cast<std::size_t>(rng.uniform() * static_cast<double>(k))]);
}

}  // namespace qhn
