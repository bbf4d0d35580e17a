#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/costs.hpp"
#include "record/journal.hpp"
#include "report/campaign_statistics.hpp"
#include "report/statistics_tables.hpp"
#include "run_qhn.hpp"

namespace qhn {
namespace {

// `successes` of `count` restarts end with gap 1e-6, the others with 1e-2; ids from `first`.
CampaignFile campaign(const std::string& name, int successes, int count, std::uint64_t first = 0) {
  CampaignFile c;
  c.name = name;
  c.experiment = "name = \"" + name + "\"\n";
  c.restarts_requested = static_cast<std::uint64_t>(count);
  c.epsilons = {1e-3, 1e-5};
  c.table = {17, {Reference::Kind::enumerated, 0.1 + 0.2}, 1, 5};
  for (int k = 0; k < count; ++k) {
    RestartRecord r;
    r.result.id = first + static_cast<std::uint64_t>(k);
    r.result.status = Status::converged;
    r.result.gap = k < successes ? 1e-6 : 1e-2;
    r.result.evaluations = 100 + k;
    r.result.expectation_crossings.resize(2);
    r.result.string_crossings.resize(2);
    r.cost.seconds = 0.5;
    r.cost.host = "node";
    c.records.push_back(r);
  }
  return c;
}

TEST(Stats, SummaryUsesThePrefixOnly) {
  CampaignFile c = campaign("a", 3, 4);
  c.records[3].result.id = 9;  // beyond a gap
  Summary summary("file", c);
  for (const RestartRecord& record : c.records) summary.add(record);
  const CampaignStatistics s = summary.statistics();
  EXPECT_EQ(s.restarts, 3u);
  EXPECT_EQ(s.waiting, 1u);
  ASSERT_EQ(s.success.size(), 2u);
  EXPECT_EQ(s.success[0].count, 3u);
  EXPECT_EQ(s.success[0].total, 3u);
  EXPECT_NE(success_text({s}).find("1 more restarts are finished"), std::string::npos);
}

// Ids that begin late or have holes: only what is whole counts, but the best network is the best.
TEST(Stats, IdsWithGapsCountUpToTheFirst) {
  for (const auto& [ids, prefix] :
       {std::pair<std::vector<std::uint64_t>, std::uint64_t>{{0, 1, 3, 4}, 2},
        {{0, 2, 3, 4}, 1},
        {{1, 2, 3, 4}, 0},
        {{0, 1, 2, 3}, 4}}) {
    CampaignFile c = campaign("a", 4, 4);
    for (std::size_t k = 0; k < 4; ++k) {
      c.records[k].result.id = ids[k];
      c.records[k].result.status = k == 3 ? Status::iteration_limit : Status::converged;
      c.records[k].result.best_cost = 9.0 - static_cast<double>(k);
      c.records[k].cost.seconds = static_cast<double>(k + 1);
    }
    Summary summary("file", c, {1e-5});
    for (const RestartRecord& record : c.records) summary.add(record);
    const CampaignStatistics s = summary.statistics();
    EXPECT_EQ(s.restarts, prefix);
    EXPECT_EQ(s.waiting, 4 - prefix);
    EXPECT_EQ(s.found.restart, ids[3]);
    EXPECT_EQ(s.cut_short, prefix == 4 ? 1u : 0u);
    if (prefix == 0) {
      EXPECT_TRUE(s.success.empty());
      continue;
    }
    EXPECT_EQ(s.success[0].total, prefix);
    EXPECT_EQ(s.cost.seconds, (static_cast<double>(prefix) + 1) / 2);
  }
}

TEST(Stats, JsonHasTheDocumentedShape) {
  const TemporaryFolder folder;
  write_campaign(folder / "campaign.h5", campaign("a", 3, 10));
  const ProgramRun run = run_qhn(folder, "stats . --format json --epsilon 1e-5");
  EXPECT_EQ(run.exit_code, 0) << run.err;
  const auto json = nlohmann::json::parse(run.out);
  ASSERT_EQ(json.size(), 1u);
  EXPECT_EQ(json[0]["file"], "./campaign.h5");
  EXPECT_EQ(json[0]["restarts"], 10);
  EXPECT_EQ(json[0]["minimum"].get<double>(), 0.1 + 0.2);  // round trips
  EXPECT_EQ(json[0]["mean_seconds"], 0.5);
  EXPECT_EQ(json[0]["mean_evaluations"], 104.5);
  ASSERT_EQ(json[0]["success"].size(), 1u);
  const auto& success = json[0]["success"][0];
  EXPECT_EQ(success["epsilon"], 1e-5);
  EXPECT_EQ(success["count"], 3);
  EXPECT_EQ(success["probability"], 0.3);
  // Clopper–Pearson of 3/10, from the table in any textbook
  EXPECT_NEAR(success["low"].get<double>(), 0.0667, 5e-5);
  EXPECT_NEAR(success["high"].get<double>(), 0.6525, 5e-5);
}

TEST(Stats, PutsCampaignsSideBySide) {
  const TemporaryFolder folder;
  write_campaign(folder / "a.h5", campaign("first", 3, 10));
  write_campaign(folder / "b.h5", campaign("second", 10, 10));
  EXPECT_EQ(
      run_qhn(folder, "stats --epsilon 1e-5 a.h5 b.h5").out,
      "Success probability P[E - E_min < gap] with 95 % Clopper-Pearson interval\n"
      "\n"
      "  gap below   first                          second\n"
      "  1e-05       0.3000 [0.0667, 0.6525] 3/10   1.0000 [0.6915, 1.0000] 10/10\n"
      "  cut short   0/10                           0/10\n"
      "\n"
      "Mean cost of a restart\n"
      "\n"
      "  campaign   qubits   gaps from                restarts   seconds   evaluations   ended\n"
      "  first      17       E_min 0.3 (enumerated)   10         0.5       104.5         10 "
      "converged\n"
      "  second     17       E_min 0.3 (enumerated)   10         0.5       104.5         10 "
      "converged\n");
}

// Joules of simulated circuits and of classical methods are never in one table.
TEST(Stats, KeepsJoulesOfCircuitsApart) {
  const TemporaryFolder folder;
  PhaseEnergy p;
  p.phase = "restarts";
  p.host = "all";
  p.method = "modelled:cpu";
  p.scope = "node";
  p.seconds = 2;
  p.joules = 250;
  p.net_joules = 6;
  p.times = 3;
  RunEnergy run;
  run.run = "r";
  run.restarts = 10;
  run.grams_per_kwh = 360;
  run.phases = {p};
  CampaignFile circuits = campaign("circuits", 3, 10), classical = campaign("classical", 10, 10);
  circuits.energy = classical.energy = {run};
  classical.method.name = "descent";
  write_campaign(folder / "a.h5", circuits);
  write_campaign(folder / "b.h5", classical);
  const std::string out = run_qhn(folder, "stats --epsilon 1e-5 a.h5 b.h5").out;
  const std::string head =
      "phase      method         scope   seconds   joules   uncertainty   net of idle   per "
      "restart   g CO2e   times\n";
  const std::string row =
      "restarts   modelled:cpu   node    2         250      -             6             25         "
      "   "
      "0.025    3\n";
  EXPECT_TRUE(out.ends_with(
      "\nJoules of simulating circuits on this machine (no energy was measured; joules are "
      "modelled)\n\n  campaign   " +
      head + "  circuits   " + row +
      "\nJoules of classical methods on this machine (no energy was measured; joules are "
      "modelled)\n\n  campaign    " +
      head + "  classical   " + row))
      << out;
  const auto json = nlohmann::json::parse(run_qhn(folder, "stats a.h5 --format json").out);
  EXPECT_EQ(json[0]["circuits"], true);
  EXPECT_EQ(json[0]["energy"][0]["joules"], 250);
  EXPECT_EQ(json[0]["energy"][0]["times"], 3);
  EXPECT_TRUE(json[0]["energy"][0]["uncertainty"].is_null());
}

// Counters that failed are named, and a restart is charged the joules of its own seconds: here ten
// of 0.5 s in a phase of 60 s at 100 W.
TEST(Stats, SaysWhatCountersFailedAndWhatARestartIsCharged) {
  const TemporaryFolder folder;
  PhaseEnergy p{.phase = "restarts", .host = "all", .method = "modelled:cpu", .scope = "node"};
  p.seconds = 60;
  p.joules = 6000;
  p.net_joules = 0;
  RunEnergy run;
  run.run = "r";
  run.restarts = 10;
  run.remarks = "n7: package-1 went backwards from 9 to 5";
  run.phases = {p};
  RunEnergy another = run;
  another.run = "s";
  CampaignFile circuits = campaign("c", 3, 10);
  circuits.energy = {run, another};
  write_campaign(folder / "a.h5", circuits);
  const std::string why = "c: energy counters: n7: package-1 went backwards from 9 to 5\n";
  const std::string share =
      "c: restarts computed in 8.3 % of the seconds of their phase; joules per restart count "
      "only these seconds.\n";
  for (const auto& [format, before] :
       {std::pair<std::string, std::string>{"text", "  "}, {"markdown", ""}, {"latex", "% "}}) {
    const std::string out = run_qhn(folder, "stats a.h5 --format " + format).out;
    EXPECT_TRUE(out.ends_with('\n' + before + why + before + share)) << out;
  }
  const auto json = nlohmann::json::parse(run_qhn(folder, "stats a.h5 --format json").out);
  EXPECT_EQ(json[0]["energy_remarks"],
            nlohmann::json::array({"n7: package-1 went backwards from 9 to 5"}));
  EXPECT_NEAR(json[0]["energy"][0]["per_restart"], 50.0, 1e-9);
  EXPECT_EQ(json[0]["energy"][0]["joules"], 12000);
}

TEST(Stats, TellsRunsOfOneExperimentApartByTheirPaths) {
  const TemporaryFolder folder;
  write_campaign(folder / "a.h5", campaign("same", 3, 10));
  write_campaign(folder / "b.h5", campaign("same", 10, 10));
  const std::string out = run_qhn(folder, "stats a.h5 b.h5 --format markdown").out;
  EXPECT_TRUE(out.starts_with("| gap below | a.h5 | b.h5 |\n|---|---|---|\n| 0.001 | ")) << out;
}

TEST(Stats, WritesCsvAndLatex) {
  const TemporaryFolder folder;
  write_campaign(folder / "a.h5", campaign("my_name, really", 10, 10));
  const ProgramRun csv = run_qhn(folder, "stats a.h5 --format csv --epsilon 1e-5");
  EXPECT_TRUE(csv.out.starts_with(
      "file,name,qubits,minimum,restarts,epsilon,count,probability,low,high,mean_seconds,"
      "mean_evaluations,reference,target,found_cost,found_index,iteration_limit\n"
      "a.h5,\"my_name, really\",17,0.30000000000000004,10,1e-05,10,1,0.69150"))
      << csv.out;
  const std::string latex = run_qhn(folder, "stats a.h5 --format latex").out;
  EXPECT_NE(latex.find("gap below & my\\_name, really \\\\\n"), std::string::npos) << latex;
}

// A target is no minimum: nothing is known of E_min, and gaps may be negative.
TEST(Stats, NamesATargetAndTheNetworkThatWasFound) {
  const TemporaryFolder folder;
  CampaignFile c = campaign("wide", 0, 4);
  c.method = {"descent", "", {}, 0};
  c.table = {4, {Reference::Kind::target, 0.25}, 0, 0};
  c.epsilons = {target_slack(0.25)};
  for (RestartRecord& r : c.records) {
    r.result.best_string = BitString(4, 6 + r.result.id);
    r.result.best_cost = r.result.id == 2 ? 0.125 : 0.5;
    r.result.gap = r.result.best_cost - 0.25;
    r.result.expectation_crossings.resize(1);
    r.result.string_crossings.resize(1);
  }
  write_campaign(folder / "a.h5", c);
  const std::string out = run_qhn(folder, "stats a.h5").out;
  EXPECT_TRUE(out.starts_with("Success probability P[E - E_min or target < gap]")) << out;
  for (const char* text :
       {"target reached   0.2500 [", "target 0.25", "has cost 0.125: 1000 (index 8, restart 2)",
        "E_min is not known: gaps are counted from the target 0.25"})
    EXPECT_NE(out.find(text), std::string::npos) << text << '\n' << out;
  EXPECT_EQ(out.find("E_min 0"), std::string::npos) << out;
  const auto json = nlohmann::json::parse(run_qhn(folder, "stats a.h5 --format json").out)[0];
  EXPECT_EQ(json["reference"], "target");
  EXPECT_EQ(json["target"], 0.25);
  EXPECT_TRUE(json["minimum"].is_null());
  EXPECT_EQ(json["found"]["bits"], "1000");
  EXPECT_EQ(json["found"]["index"], 8);
  EXPECT_EQ(json["found"]["cost"], 0.125);
  const std::string csv = run_qhn(folder, "stats a.h5 --format csv").out;
  EXPECT_NE(csv.find("\na.h5,wide,4,,4,"), std::string::npos) << csv;
  EXPECT_NE(csv.find(",target,0.25,0.125,8,0\n"), std::string::npos) << csv;

  // Beside a campaign with a minimum, the row says for which it means so.
  write_campaign(folder / "b.h5", campaign("narrow", 3, 10));
  const std::string both = run_qhn(folder, "stats a.h5 b.h5").out;
  EXPECT_NE(both.find("2.5e-13 (target reached)"), std::string::npos) << both;
  EXPECT_NE(both.find("E_min 0.3 (enumerated)"), std::string::npos) << both;
}

TEST(Stats, SaysHowManyWereCutShort) {
  const TemporaryFolder folder;
  const auto with_cut = [&](int cut, const std::string& more = "") {
    CampaignFile c = campaign("deep", 3, 20);
    c.experiment += "[optimizer]\n" + more;
    for (int k = 0; k < cut; ++k)
      c.records[static_cast<std::size_t>(k)].result.status = Status::iteration_limit;
    write_campaign(folder / "a.h5", c);
    return run_qhn(folder, "stats a.h5").out;
  };
  const std::string warning =
      "deep: 3 of 20 restarts were cut short by optimizer.max_iterations = 77";
  EXPECT_NE(with_cut(3, "max_iterations = 77\n").find(warning), std::string::npos);
  const ProgramRun csv = run_qhn(folder, "stats a.h5 --format csv");
  EXPECT_NE(csv.err.find(warning), std::string::npos) << csv.err;
  EXPECT_TRUE(csv.out.ends_with(",3\n")) << csv.out;
  EXPECT_EQ(
      nlohmann::json::parse(run_qhn(folder, "stats a.h5 --format json").out)[0]["iteration_limit"],
      3);
  const std::string tenth = with_cut(2);  // no more than a tenth
  EXPECT_EQ(tenth.find("were cut short"), std::string::npos) << tenth;
  EXPECT_NE(tenth.find("  cut short   2/20\n"), std::string::npos) << tenth;
  // Trainings from shots have no other end.
  const std::string shots = with_cut(20, "name = \"spsa\"\n");
  EXPECT_EQ(shots.find("were cut short"), std::string::npos) << shots;
  EXPECT_NE(shots.find("  cut short   -\n"), std::string::npos) << shots;
}

TEST(Stats, TellsTheGapsOfTheNextNetworks) {
  const TemporaryFolder folder;
  CampaignFile c = campaign("far", 3, 10);
  c.table.next_gaps = {0.0125, 0.25};
  write_campaign(folder / "a.h5", c);
  EXPECT_NE(
      run_qhn(folder, "stats a.h5")
          .out.find("far: the next networks are at gaps 0.0125, 0.25; no epsilon here reaches "
                    "them (0.001 is the largest)\n"),
      std::string::npos);
  const std::string reached = run_qhn(folder, "stats a.h5 --epsilon 0.02").out;
  EXPECT_NE(reached.find("at gaps 0.0125, 0.25\n"), std::string::npos) << reached;
  EXPECT_EQ(nlohmann::json::parse(run_qhn(folder, "stats a.h5 --format json").out)[0]["next_gaps"],
            (std::vector<double>{0.0125, 0.25}));
}

// Beside a large E_min small gaps are rounding.
TEST(Stats, SaysWhereGapsAreRounding) {
  const TemporaryFolder folder;
  CampaignFile c = campaign("large", 3, 10);
  c.table.reference.cost = 1e18;
  write_campaign(folder / "a.h5", c);
  EXPECT_NE(run_qhn(folder, "stats a.h5").out.find("below the rounding of the costs"),
            std::string::npos);
  EXPECT_EQ(run_qhn(folder, "stats a.h5 --epsilon 2e6").out.find("rounding"), std::string::npos);
}

// What status adds up, from journals written here: endings, estimates of the first restarts, each
// restart once though a second run has it too.
TEST(Status, AddsUpWhatTheJournalsHold) {
  const TemporaryFolder folder;
  JournalHeader header;
  header.identity = "x = 1\n";
  header.identity_hash = "1";
  header.name = "tiny";
  header.restarts_requested = 7;
  header.epsilons = {1e-2, 1e-4};
  header.table = {4, {Reference::Kind::enumerated, 0.5}, 1, 3};
  const auto record = [](std::uint64_t id, Status status, double gap) {
    RestartRecord r;
    r.result.id = id;
    r.result.best_string = BitString(4);
    r.result.status = status;
    r.result.gap = gap;
    r.result.expectation_crossings.resize(2);
    r.result.string_crossings.resize(2);
    return r;
  };
  {
    Journal first(folder / "o", "a", 0, header), second(folder / "o", "b", 0, header);
    first.append(std::vector{record(0, Status::converged, 1e-6),
                             record(1, Status::iteration_limit, 1e-3),
                             record(2, Status::diverged, std::nan(""))});
    second.append(std::vector{
        record(4, Status::iteration_limit, 1e-6), record(5, Status::stalled_line_search, 1e-6),
        record(6, Status::iteration_limit, 1.0), record(1, Status::iteration_limit, 1e-3)});
  }
  const std::string out = run_qhn(folder, "status o").out;
  for (const char* text :
       {"tiny: 6 of 7 restarts done, 1 missing\n",
        "  ended: 1 converged, 3 iteration_limit, 1 stalled_line_search, 1 diverged\n",
        "  gaps are counted from E_min 0.5 (enumerated)\n", "  P(gap < 0.01) = 0.6667 [", "] 2/3\n",
        "  P(gap < 0.0001) = 0.3333 [", "] 1/3\n",
        "  estimates use the first 3 restarts; 3 more count once earlier ones are finished\n"})
    EXPECT_NE(out.find(text), std::string::npos) << text << '\n' << out;
}

TEST(Status, NamesATarget) {
  const TemporaryFolder folder;
  JournalHeader header;
  header.identity = "x = 1\n";
  header.identity_hash = "1";
  header.name = "wide";
  header.restarts_requested = 1;
  header.epsilons = {target_slack(0.5)};
  header.table = {4, {Reference::Kind::target, 0.5}, 0, 0};
  RestartRecord r;
  r.result.gap = -0.25;
  r.result.best_cost = 0.25;
  r.result.best_string = BitString(4, 6);
  r.result.expectation_crossings.resize(1);
  r.result.string_crossings.resize(1);
  Journal(folder / "o", "a", 0, header).append(std::vector{r});
  const std::string out = run_qhn(folder, "status o").out;
  for (const char* text : {"  gaps are counted from target 0.5\n", "  P(target reached) = 1.0000 [",
                           "  the best network found has cost 0.25: 0110 (restart 0)\n"})
    EXPECT_NE(out.find(text), std::string::npos) << text << '\n' << out;
}

TEST(Stats, RefusesWhatItCannotCount) {
  const TemporaryFolder folder;
  write_campaign(folder / "a.h5", campaign("late", 2, 2, 5));
  for (const auto& [arguments, message] :
       {std::pair<std::string, std::string>{
            "stats missing",
            "qhn: missing: cannot read the result: No such file or directory (looked for in " +
                std::filesystem::path(folder / "").parent_path().string() + ")\n"},
        {"stats a.h5", "qhn: a.h5: holds no restart with id 0 yet: nothing to count\n"}}) {
    const ProgramRun run = run_qhn(folder, arguments);
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_EQ(run.err, message);
    EXPECT_EQ(run.out, "");
  }
  EXPECT_EQ(run_qhn(folder, "stats a.h5 --epsilon -1").exit_code, 2);
  EXPECT_EQ(run_qhn(folder, "stats a.h5 --format xml").exit_code, 2);
}

}  // namespace
}  // namespace qhn
