#include "cli/openqasm.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/angle.hpp"

namespace qhn {
namespace {

// Shortest text that reads back as the same double, with digits on both sides of a decimal point:
// OpenQASM 3 allows 1e-10, but some parsers accept only 1.0e-10.
std::string number(double x) {
  std::string text = fmt::format("{}", x);
  if (text.find('.') == std::string::npos) text.insert(std::min(text.find('e'), text.size()), ".0");
  return text;
}

// Replaces control characters, so that a name fits a one-line comment.
std::string one_line(std::string name) {
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
  return name;
}

std::string statement(const Gate& g, double angle) {
  switch (g.kind) {
    case GateKind::cx:
      return fmt::format("cx q[{}], q[{}];", g.first, g.second);
    case GateKind::cz:
      return fmt::format("cz q[{}], q[{}];", g.first, g.second);
    case GateKind::rx:
      return fmt::format("rx({}) q[{}];", number(angle), g.first);
    case GateKind::ry:
      return fmt::format("ry({}) q[{}];", number(angle), g.first);
    case GateKind::rz:  // here Rz(t) = diag(1, e^{it}), which OpenQASM calls p
      return fmt::format("p({}) q[{}];", number(angle), g.first);
    case GateKind::rzz:  // CX computes the parity in the second qubit and undoes it
      return fmt::format("cx q[{0}], q[{1}]; rz({2}) q[{1}]; cx q[{0}], q[{1}];", g.first, g.second,
                         number(angle));
  }
  return {};
}

std::string angle_comment(const Circuit& circuit, const Gate& g) {
  if (!has_angle(g.kind)) return "";
  if (g.angle < 0) return "  // fixed";
  const auto k = static_cast<std::size_t>(g.angle);
  return k < circuit.angle_names.size()
             ? fmt::format("  // angle {}: {}", k, one_line(circuit.angle_names[k]))
             : fmt::format("  // angle {}", k);
}

}  // namespace

std::string to_openqasm3(const Circuit& circuit, std::span<const double> angles) {
  std::string out = fmt::format(
      "OPENQASM 3.0;\n"
      "include \"stdgates.inc\";\n"
      "// {} circuit, {} qubits, {} angles, starting from |0...0>.\n"
      "// Bit order: q[k] is bit k of the table index, so q[0] is its least significant bit and "
      "the\n"
      "// last parameter of the network; q[{}] is the first parameter.\n"
      "qubit[{}] q;\n",
      to_string(circuit.family), circuit.qubits, circuit.angles, circuit.qubits - 1,
      circuit.qubits);
  for (const Gate& g : circuit.gates) {
    const double angle =
        reduced_angle(g.angle >= 0 ? angles[static_cast<std::size_t>(g.angle)] : g.fixed);
    out += statement(g, angle) + angle_comment(circuit, g) + '\n';
  }
  return out;
}

}  // namespace qhn
