// Circuits that cannot be: each fault alone, for every gate.
#include <gtest/gtest.h>

#include "circuit/circuit.hpp"
#include "core/error.hpp"

namespace qhn {
namespace {

void expect_refused(int qubits, const CustomGate& gate) {
  EXPECT_THROW(make_custom_circuit(qubits, {{"Ry", {0}, "a", 0.0}, gate}), InputError)
      << gate.gate << " of " << gate.qubits.size() << " qubits, angle '" << gate.angle << "' "
      << gate.value;
}

TEST(CustomGates, EachFaultIsRefused) {
  for (const char* name : {"Rx", "Ry", "Rz"}) {
    for (const int q : {-1, 3, 4, 64}) expect_refused(3, {name, {q}, "t", 0.0});
    expect_refused(3, {name, {}, "t", 0.0});
    expect_refused(3, {name, {0, 1}, "t", 0.0});
  }
  for (const char* name : {"CX", "CZ", "Rzz"}) {
    const std::string angle = std::string(name) == "Rzz" ? "t" : "";
    for (const int q : {-1, 3, 4}) {
      expect_refused(3, {name, {q, 1}, angle, 0.0});
      expect_refused(3, {name, {1, q}, angle, 0.0});
    }
    for (const int q : {0, 2}) expect_refused(3, {name, {q, q}, angle, 0.0});
    expect_refused(3, {name, {0}, angle, 0.0});
    expect_refused(3, {name, {0, 1, 2}, angle, 0.0});
  }
  for (const char* name : {"CX", "CZ"}) {
    expect_refused(3, {name, {0, 1}, "t", 0.0});
    expect_refused(3, {name, {0, 1}, "", 0.5});
  }
  for (const char* name : {"", "H", "Ryy", "CNOT", "Rzzz"})
    expect_refused(3, {name, {0, 1}, "", 0});
  for (const int qubits : {-1, 0, 63, 64})
    EXPECT_THROW(make_custom_circuit(qubits, {{"Ry", {0}, "a", 0.0}}), InputError) << qubits;
  for (const int qubits : {-1, 0, 63, 1000}) {
    EXPECT_THROW(make_circuit(Family::linear, qubits, 1), InputError) << qubits;
    EXPECT_THROW(make_circuit(Family::product, 3, qubits > 0 ? -qubits : qubits), InputError);
  }
  EXPECT_THROW(make_custom_circuit(3, {}), InputError);
}

TEST(CustomGates, WhatIsAllowedAtTheBorders) {
  EXPECT_EQ(make_custom_circuit(62, {{"CX", {61, 0}, "", 0.0}}).gates[0].first, 61);
  EXPECT_EQ(make_circuit(Family::linear, 62, 1).qubits, 62);
  EXPECT_EQ(make_circuit(Family::linear, 1, 1).gates.size(), 2u);    // no bond
  const Circuit c = make_custom_circuit(1, {{"RY", {0}, "", 0.0}});  // an angle of 0 is an angle
  EXPECT_EQ(c.gates[0].angle, -1);
  EXPECT_EQ(c.angles, 0);
}

}  // namespace
}  // namespace qhn
