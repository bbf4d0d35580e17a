#pragma once

#include <string>

namespace qhn {

/// Constants of the projected quantum computer, for one of the cases low, central, high.
struct HardwareCase {
  double watts = 0.0;    ///< at the wall, of the whole installation, for any load
  double reset = 0.0;    ///< s, of all qubits before a shot
  double gate = 0.0;     ///< s, of one layer of gates of one kind; Rz takes no time
  double readout = 0.0;  ///< s, of all qubits
  double latency = 0.0;  ///< s, between two circuits

  double shot_seconds(double depth) const { return reset + depth * gate + readout; }
  /// Seconds of `circuits` circuits of `depth` layers with `shots` shots in total.
  double seconds(double circuits, double shots, double depth) const {
    return shots * shot_seconds(depth) + circuits * latency;
  }
};

/// jobs/energy/superconducting.toml gives the source of each default or marks it as an assumption.
struct Hardware {
  std::string name = "superconducting qubits";
  HardwareCase low{15e3, 250e-9, 32e-9, 500e-9, 0.0};
  HardwareCase central{26e3, 250e-6, 68e-9, 1560e-9, 1e-3};
  HardwareCase high{100e3, 500e-6, 533e-9, 4e-6, 0.1};
};

}  // namespace qhn
