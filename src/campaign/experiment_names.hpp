#pragma once

#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "campaign/experiment.hpp"

// Names of the values of enumerations in experiment files, for reading and writing.
namespace qhn {

template <class E>
using Names = std::vector<std::pair<std::string, E>>;

inline const Names<ProblemKind> problem_kinds{{"gaussian", ProblemKind::gaussian},
                                              {"images", ProblemKind::images},
                                              {"csv", ProblemKind::csv},
                                              {"table", ProblemKind::table},
                                              {"synthetic", ProblemKind::synthetic}};
inline const Names<NetworkKind> network_kinds{{"logistic", NetworkKind::logistic},
                                              {"mlp", NetworkKind::mlp}};
inline const Names<Activation> activations{{"relu", Activation::relu},
                                           {"sigmoid", Activation::sigmoid},
                                           {"sign", Activation::sign},
                                           {"tanh", Activation::tanh},
                                           {"clamped-relu", Activation::clamped_relu}};

inline const Names<OptimizerKind> optimizers{
    {"lbfgs", OptimizerKind::lbfgs}, {"adam", OptimizerKind::adam}, {"spsa", OptimizerKind::spsa}};
inline const Names<ShotGradient> shot_gradients{{"shift", ShotGradient::shift},
                                                {"spsa", ShotGradient::spsa}};

// For enumerations with a to_string().
template <class Values>
auto names_of(const Values& values) {
  using E = std::decay_t<decltype(*std::begin(values))>;
  Names<E> names;
  for (const E value : values) names.emplace_back(to_string(value), value);
  return names;
}
template <class E>
Names<E> names_of(std::initializer_list<E> values) {
  return names_of<std::initializer_list<E>>(values);
}

template <class E>
const std::string& name_of(const Names<E>& names, E value) {
  return std::find_if(names.begin(), names.end(),
                      [value](const auto& n) { return n.second == value; })
      ->first;
}

}  // namespace qhn
