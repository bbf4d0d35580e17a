#pragma once

#include <string>

namespace qhn {

/// Constants of a quantum computer that does not exist here, in one of the cases low, central,
/// high.
struct HardwareCase {
  double watts = 0.0;    ///< at the wall, of the whole installation, whatever it computes
  double reset = 0.0;    ///< s, of all qubits before a shot
  double gate = 0.0;     ///< s, of one layer of gates of one kind; Rz takes none
  double readout = 0.0;  ///< s, of all qubits
  double latency = 0.0;  ///< s, between two circuits

  double shot_seconds(double depth) const { return reset + depth * gate + readout; }
  /// Seconds of `circuits` circuits of so many layers, `shots` shots in all.
  double seconds(double circuits, double shots, double depth) const {
    return shots * shot_seconds(depth) + circuits * latency;
  }
};

/// The defaults stand in jobs/energy/superconducting.toml, each with its source or as an
/// assumption.
struct Hardware {
  std::string name = "superconducting qubits";
  HardwareCase low{15e3, 250e-9, 32e-9, 500e-9, 0.0};
  HardwareCase central{26e3, 250e-6, 68e-9, 1560e-9, 1e-3};
  HardwareCase high{100e3, 500e-6, 533e-9, 4e-6, 0.1};
};

}  // namespace qhn
