// SPDX-License-Identifier: GPL-2.0-only
#include "scratch-folder.h"
#include "simai-workload.h"

#include "ns3/base-errors.h"

#include <gtest/gtest.h>

namespace heddle
{
namespace
{

/// The error's text behind the path, or "" when the file is accepted.
std::string
ErrorOf(const std::string& text)
{
    const ScratchFolder scratch;
    const std::string path = scratch.Write("workload.txt", text);
    try
    {
        ReadSimai(path);
    }
    catch (const InputError& error)
    {
        const std::string what = error.what();
        EXPECT_EQ(what.rfind(path, 0), 0U) << what;
        return what.substr(path.size());
    }
    return "";
}

const std::string kHeader = "HYBRID_TRANSFORMER model_parallel_NPU_group: 2 all_gpus: 8\n";
const std::string kRow = "mlp -1 5 ALLREDUCE 64 5 NONE 0 5 ALLREDUCE 128 100\n";

TEST(SimaiWorkload, ReadsHeaderAndRows)
{
    const ScratchFolder scratch;
    const std::string path = scratch.Write(
        "workload.txt",
        "HYBRID_TRANSFORMER_FWD_IN_BCKWD model_parallel_NPU_group: 2 ep: 16 pp: 12 vpp: 8 ga: 24 "
        "all_gpus: 9216 checkpoints: 2 0 2 checkpoint_initiates: 1 3 pp_comm 25165824.0\r\n"
        "4\r\n\r\n"
        "a\t-1\t7\tALLTOALL_EP\t18446744073709\t8\tREDUCESCATTER\t9\t10\tALLGATHER_DP_"
        "EP\t11\t12\r\n"
        "b -1 0 NONE 3 0 BROADCAST 4 0 NONE 0 0\n"
        "b 0 0 NONE 0 0 NONE 0 0 NONE 0 0\n"
        "c -1 0 NONE 0 0 NONE 0 0 NONE 0 0");
    const SimaiWorkload w = ReadSimai(path);
    EXPECT_EQ(w.header.policy, SimaiPolicy::TransformerFwdInBckwd);
    EXPECT_EQ(w.header.tensorParallel.value_or(0), 2U);
    EXPECT_EQ(w.header.expertParallel.value_or(0), 16U);
    EXPECT_EQ(w.header.pipelineStages.value_or(0), 12U);
    EXPECT_EQ(w.header.virtualStages.value_or(0), 8U);
    EXPECT_EQ(w.header.microbatches.value_or(0), 24U);
    EXPECT_EQ(w.header.ranks.value_or(0), 9216U);
    EXPECT_EQ(w.header.pipelineBytes, 25165824U);
    EXPECT_EQ(w.header.checkpoints, (std::vector<uint32_t>{0, 2}));
    EXPECT_EQ(w.header.initiators, (std::vector<uint32_t>{3}));
    ASSERT_EQ(w.layers.size(), 4U);
    const SimaiLayer& a = w.layers[0];
    EXPECT_EQ(a.name, "a");
    EXPECT_EQ(a.place.line, 4);
    EXPECT_EQ(a.forward.computeNs, 7U);
    EXPECT_EQ(a.forward.collective->kind, CollectiveKind::AllToAll);
    EXPECT_EQ(a.forward.collective->suffix, SimaiSuffix::Expert);
    EXPECT_EQ(a.forward.collective->bytes, 18446744073709U);
    EXPECT_EQ(a.inputGrad.computeNs, 8U);
    EXPECT_EQ(a.inputGrad.collective->kind, CollectiveKind::ReduceScatter);
    EXPECT_EQ(a.inputGrad.collective->suffix, SimaiSuffix::None);
    EXPECT_EQ(a.weightGrad.computeNs, 10U);
    EXPECT_EQ(a.weightGrad.collective->kind, CollectiveKind::AllGather);
    EXPECT_EQ(a.weightGrad.collective->suffix, SimaiSuffix::DataExpert);
    EXPECT_EQ(a.updateNs, 12U);
    EXPECT_EQ(w.layers[1].inputGrad.collective->kind, CollectiveKind::Broadcast);
    EXPECT_FALSE(w.layers[1].forward.collective.has_value());
    EXPECT_EQ(w.sizesWithoutCollective, 1U);
}

TEST(SimaiWorkload, MalformedInputNamesLineAndColumn)
{
    struct Case
    {
        std::string text;
        std::string place; ///< ":line:column: "
        std::string what;
    };
    const std::string bad = kHeader + "1\n";
    const std::string ckpt = "HYBRID_TRANSFORMER_FWD_IN_BCKWD checkpoints: ";
    const std::vector<Case> cases{
        {"", ":1:1: ", "empty"},
        {"HYBRID_TRANSFORMR ep: 1\n1\n" + kRow, ":1:1: ", "Did you mean 'HYBRID_TRANSFORMER'"},
        {"HYBRID_DLRM DLRM_LAST_BOTTOM_LAYER: 1\n", ":1:1: ", "not supported"},
        {"DATA epp: 1\n1\n" + kRow, ":1:6: ", "unknown header key 'epp'"},
        {"DATA ep: 1 ep: 2\n1\n" + kRow, ":1:12: ", "'ep' is given twice"},
        {"DATA ep:\n1\n" + kRow, ":1:6: ", "'ep' has no value"},
        {"DATA ep: 0\n1\n" + kRow, ":1:10: ", "ep: 0 is outside 1"},
        {"DATA all_gpus: -8\n1\n" + kRow, ":1:16: ", "'-8' is not a whole number"},
        {kHeader, ":2:1: ", "number of layers is missing"},
        {kHeader + "two\n" + kRow, ":2:1: ", "'two' is not a whole number"},
        {kHeader + "0\n", ":2:1: ", "must be positive"},
        {kHeader + "1 2\n" + kRow, ":2:3: ", "nothing else"},
        {kHeader + "2\n" + kRow, ":4:1: ", "announces 2 layers, the file has 1"},
        {kHeader + "1\n" + kRow + "\n" + kRow, ":5:1: ", "more rows than the 1 layers"},
        {bad + "mlp -1 5 NONE 0 5 NONE 0 5 NONE 0\n", ":3:33: ", "11 columns instead of 12"},
        {bad + "mlp -1 5 NONE 0 5 NONE 0 5 NONE 0 1 DATA\n", ":3:37: ", "13 columns"},
        {bad + "mlp x 5 NONE 0 5 NONE 0 5 NONE 0 1\n", ":3:5: ", "dependency: 'x'"},
        {bad + "mlp -1 5us NONE 0 5 NONE 0 5 NONE 0 1\n", ":3:8: ", "forward compute time: '5us'"},
        {bad + "mlp -1 5 NONE 0 -5 NONE 0 5 NONE 0 1\n", ":3:17: ", "input gradient compute time"},
        {bad + "mlp -1 5 NONE 0 5 NONE 0 5 ALLREDUCE 1.5 1\n", ":3:38: ", "weight gradient size"},
        {bad + "mlp -1 5 NONE 0 5 NONE 0 5 NONE 99999999999999999999 1\n", ":3:33: ", "too large"},
        {bad + "mlp -1 5 ALLREDUC 8 5 NONE 0 5 NONE 0 1\n", ":3:10: ", "Did you mean 'ALLREDUCE'"},
        {bad + "mlp -1 5 ALLREDUCE_TP 8 5 NONE 0 5 NONE 0 1\n", ":3:10: ", "unknown suffix '_TP'"},
        {bad + "mlp -1 5 NONE 0 5 ALLTOALL_EP 8 5 NONE 0 1\n", ":3:19: ", "needs 'ep:'"},
        {bad + "mlp -1 5 NONE 0 5 NONE 0 5 NONE 0 1.5.2\n", ":3:35: ", "update time"},
        {ckpt + "3 0 1\n1\n" + kRow, ":1:46: ", "announces 3 layers and lists fewer"},
        {ckpt + "1 7\n1\n" + kRow, ":1:1: ", "checkpoint layer 7 does not exist"},
        {ckpt + "0 checkpoint_initiates: 1 0\n1\n" + kRow, ":1:1: ", "no checkpoint lies before"},
        {"DATA checkpoints: 1 0\n1\n" + kRow, ":1:1: ", "not DATA"},
    };
    for (const Case& c : cases)
    {
        const std::string error = ErrorOf(c.text);
        EXPECT_EQ(error.substr(0, c.place.size()), c.place) << c.text << "gave: " << error;
        EXPECT_NE(error.find(c.what), std::string::npos)
            << "expected: " << c.what << "\nactual: " << error;
    }
    EXPECT_EQ(ErrorOf(kHeader + "1\n" + kRow), "");
}

TEST(SimaiWorkload, MissingFile)
{
    EXPECT_THROW(ReadSimai("/nonexistent/workload.txt"), InputError);
}

} // namespace
} // namespace heddle
