#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <numbers>
#include <regex>
#include <sstream>

#include "cli/openqasm.hpp"
#include "core/random.hpp"
#include "engine/engine.hpp"

namespace qhn {
namespace {

using Amplitude = std::complex<double>;

/// A small OpenQASM 3 interpreter for the gates of stdgates.inc that the exporter may use, written
/// from the OpenQASM definition of each gate and from nothing of qhn.
class Interpreter {
 public:
  explicit Interpreter(const std::string& program) {
    const std::string code = std::regex_replace(program, std::regex("//[^\n]*"), "");
    std::istringstream statements(code);
    for (std::string statement; std::getline(statements, statement, ';');) run(statement);
  }

  const std::vector<Amplitude>& state() const { return state_; }
  double expectation(double (*cost)(std::size_t)) const {
    double sum = 0;
    for (std::size_t w = 0; w < state_.size(); ++w) sum += std::norm(state_[w]) * cost(w);
    return sum;
  }

 private:
  void run(const std::string& statement) {
    static const std::regex declare(R"(\s*qubit\[(\d+)\]\s+q\s*)");
    static const std::regex ignored(R"(\s*(OPENQASM 3(\.0)?|include "stdgates.inc")?\s*)");
    static const std::regex one(R"(\s*(rx|ry|rz|p)\(([-+.0-9e]+)\)\s+q\[(\d+)\]\s*)");
    static const std::regex two(R"(\s*(cx|cz)\s+q\[(\d+)\]\s*,\s*q\[(\d+)\]\s*)");
    std::smatch m;
    if (std::regex_match(statement, m, ignored)) return;
    if (std::regex_match(statement, m, declare)) {
      state_.assign(std::size_t{1} << std::stoi(m[1]), 0.0);
      state_[0] = 1;
    } else if (std::regex_match(statement, m, one)) {
      rotate(m[1], std::stod(m[2]), std::stoi(m[3]));
    } else if (std::regex_match(statement, m, two)) {
      const std::size_t a = std::size_t{1} << std::stoi(m[2]),
                        b = std::size_t{1} << std::stoi(m[3]);
      for (std::size_t w = 0; w < state_.size(); ++w) {
        if (m[1] == "cx" && (w & a) && !(w & b)) std::swap(state_[w], state_[w | b]);
        if (m[1] == "cz" && (w & a) && (w & b)) state_[w] = -state_[w];
      }
    } else {
      ADD_FAILURE() << "not understood: " << statement;
    }
  }

  void rotate(const std::string& gate, double t, int qubit) {
    const Amplitude i(0, 1), c = std::cos(t / 2), s = std::sin(t / 2);
    Amplitude u[2][2] = {{1, 0}, {0, 1}};
    if (gate == "rx") u[0][0] = u[1][1] = c, u[0][1] = u[1][0] = -i * s;
    if (gate == "ry") u[0][0] = u[1][1] = c, u[0][1] = -s, u[1][0] = s;
    if (gate == "rz") u[0][0] = std::exp(-i * t / 2.0), u[1][1] = std::exp(i * t / 2.0);
    if (gate == "p") u[1][1] = std::exp(i * t);
    const std::size_t mask = std::size_t{1} << qubit;
    for (std::size_t w = 0; w < state_.size(); ++w) {
      if (w & mask) continue;
      const Amplitude x = state_[w], y = state_[w | mask];
      state_[w] = u[0][0] * x + u[0][1] * y;
      state_[w | mask] = u[1][0] * x + u[1][1] * y;
    }
  }

  std::vector<Amplitude> state_;
};

double square(std::size_t w) { return static_cast<double>(w) * static_cast<double>(w); }

std::vector<double> fixture_angles(int count) {
  std::vector<double> angles;
  for (int k = 0; k < count; ++k) angles.push_back(0.1 * (k + 1));
  return angles;
}

// C(w) = w², angle k = 0.1·(k+1)
TEST(OpenQasm, GivesThePublishedFixtures) {
  struct Fixture {
    Family family;
    int qubits, sublayers;
    double expectation;
  };
  for (const Fixture& f : {Fixture{Family::linear, 3, 3, 6.9355559223009},
                           {Family::linear, 4, 5, 44.2590220508801},
                           {Family::all_to_all, 4, 3, 37.4278406650023}}) {
    const Circuit circuit = make_circuit(f.family, f.qubits, f.sublayers);
    const Interpreter program(to_openqasm3(circuit, fixture_angles(circuit.angles)));
    EXPECT_NEAR(program.expectation(square), f.expectation, 1e-12 * 100);
  }
}

// Equal to the engine, with angles that need all their digits.
void expect_same_as_engine(const Circuit& circuit, std::uint64_t seed) {
  CounterRng rng(seed, Stream::restart_angles, 0);
  std::vector<double> angles;
  for (int k = 0; k < circuit.angles; ++k)
    angles.push_back(4 * std::numbers::pi * (rng.uniform() - 0.5));
  const std::string text = to_openqasm3(circuit, angles);
  const Interpreter program(text);

  std::vector<double> cost(dimension(circuit.qubits));
  for (std::size_t w = 0; w < cost.size(); ++w) cost[w] = square(w) / square(cost.size());
  const auto engine = make_engine(circuit, cost, {EngineKind::reference, Precision::float64, 1});
  double expectation = 0;
  for (std::size_t w = 0; w < cost.size(); ++w)
    expectation += std::norm(program.state()[w]) * cost[w];
  EXPECT_NEAR(expectation, engine->expectation(angles), 1e-12) << text;

  // The states agree up to a global phase.
  std::vector<Complex> state(cost.size());
  engine->amplitudes()->state(angles, state);
  Amplitude overlap = 0;
  for (std::size_t w = 0; w < cost.size(); ++w) overlap += std::conj(program.state()[w]) * state[w];
  EXPECT_NEAR(std::abs(overlap), 1.0, 1e-12) << text;
}

TEST(OpenQasm, EqualsTheEngineForEveryFamily) {
  for (const Family family : {Family::product, Family::linear, Family::all_to_all})
    for (const int qubits : {1, 2, 5, 7})
      for (const int sublayers : {1, 3, 4})
        expect_same_as_engine(make_circuit(family, qubits, sublayers), 17);
}

TEST(OpenQasm, EqualsTheEngineForEveryGate) {
  expect_same_as_engine(make_custom_circuit(3, {{"Ry", {0}, "a", 0},
                                                {"Rx", {1}, "b", 0},
                                                {"Rzz", {0, 1}, "c", 0},
                                                {"Rx", {2}, "", -2.0},
                                                {"CX", {1, 2}, "", 0},
                                                {"Rz", {0}, "a", 0},
                                                {"CZ", {2, 0}, "", 0},
                                                {"Rzz", {2, 0}, "", 1e-5},
                                                {"Rx", {0}, "d", 0},
                                                {"Ry", {1}, "c", 0}}),
                        23);
}

TEST(OpenQasm, WritesNumbersThatEveryParserTakes) {
  const Circuit circuit = make_custom_circuit(
      1, {{"Ry", {0}, "a", 0}, {"Rz", {0}, "b", 0}, {"Rx", {0}, "c\nx q[0];", 0}});
  const std::string text = to_openqasm3(circuit, std::vector{1e-10, -2e20, 1.5e-7});
  EXPECT_NE(text.find("ry(1.0e-10) q[0];  // angle 0: a\n"), std::string::npos) << text;
  EXPECT_NE(text.find("p(1.402704315430"), std::string::npos) << text;  // mod 4 pi
  EXPECT_NE(text.find("rx(1.5e-07) q[0];  // angle 2: c?x q[0];\n"), std::string::npos) << text;
}

TEST(OpenQasm, StatesTheBitOrderAndNamesTheAngles) {
  const Circuit circuit = make_custom_circuit(2, {{"Ry", {1}, "tilt", 0}});
  const std::string text = to_openqasm3(circuit, std::vector{3.0});
  EXPECT_TRUE(text.starts_with("OPENQASM 3.0;\ninclude \"stdgates.inc\";\n"));
  EXPECT_NE(text.find("q[k] is bit k of the table index"), std::string::npos);
  EXPECT_NE(text.find("ry(3.0) q[1];  // angle 0: tilt\n"), std::string::npos);
}

}  // namespace
}  // namespace qhn
