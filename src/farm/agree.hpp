#pragma once

#include <mpi.h>

#include <string>

namespace qhn {

/// Collective over `comm`. `failure` says what went wrong on this rank, empty: nothing did. If any
/// rank names a failure, every rank throws the same RunError, that of the lowest such rank.
/// `called`: this rank's number in the message; -1: that in `comm`.
void throw_agreed(MPI_Comm comm, const std::string& failure, int called = -1);

}  // namespace qhn
