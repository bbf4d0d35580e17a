#include "falsify.hpp"

#include <utility>

namespace qhn {
namespace {

class FalseEngine final : public Engine {
 public:
  explicit FalseEngine(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {}

  EngineKind kind() const override { return engine_->kind(); }
  double expectation(std::span<const double> angles) override {
    return -engine_->expectation(angles);
  }
  double expectation_and_gradient(std::span<const double> angles,
                                  std::span<double> gradient) override {
    const double value = engine_->expectation_and_gradient(angles, gradient);
    gradient[0] = -gradient[0];
    return value;
  }
  StringSearch* strings() override { return engine_->strings(); }
  AmplitudeSource* amplitudes() override { return engine_->amplitudes(); }
  std::size_t bytes() const override { return engine_->bytes(); }

 private:
  std::unique_ptr<Engine> engine_;
};

}  // namespace

std::unique_ptr<Engine> falsify(std::unique_ptr<Engine> engine) {
  return std::make_unique<FalseEngine>(std::move(engine));
}

}  // namespace qhn
