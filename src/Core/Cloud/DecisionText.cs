using System.Collections.Immutable;
using Amalgam.Core.Allocation;

namespace Amalgam.Core.Cloud;

/// <summary>
/// A decision as one line, complete and canonical: two decisions are the same exactly when their lines are. Recorded with every plan that decided something;
/// part of the format on disk.
/// <code>
/// start w7 h100 0@node-1:0,1 1@node-2:0,1
/// start w8 cpu 0@node-3:4/250
/// evict w3 for w7 guarantee
/// move w4 for w7 0@node-2:3
/// resize w5 0@node-2:3 1@node-2:4
/// </code>
/// A member is `number@node:devices`, with `/milli` after it where it takes a share of the device.
/// </summary>
public static class DecisionText
{
    public static ImmutableArray<string> Of(AllocationPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return [.. plan.Decisions.Select(Of)];
    }

    public static string Of(AllocationDecision decision) => decision switch
    {
        StartDecision start => $"start {start.WorkloadId} {start.ChipClass}{Members(start.Members)}",
        EvictDecision evict => $"evict {evict.WorkloadId}{For(evict.BeneficiaryId)} {evict.Reason.ToString().ToLowerInvariant()}",
        MoveDecision move => $"move {move.WorkloadId}{For(move.BeneficiaryId)}{Members(move.Members)}",
        ResizeDecision resize => $"resize {resize.WorkloadId}{For(resize.BeneficiaryId)}{Members(resize.Members)}",
        _ => throw new ArgumentException($"a decision of an unknown kind: {decision}", nameof(decision)),
    };

    private static string For(string? beneficiary) => beneficiary is null ? "" : $" for {beneficiary}";

    private static string Members(ImmutableArray<MemberPlacement> members) => string.Concat(members.Select(member =>
        $" {member.Member}@{member.Node}:{string.Join(',', member.Devices)}{(member.MilliPerDevice == 1000 ? "" : $"/{member.MilliPerDevice}")}"));
}
