using System.Collections.Immutable;
using System.Globalization;
using Amalgam.Core.Allocation;
using Amalgam.Core.Cloud;
using Amalgam.Core.Workloads;

namespace Amalgam.Core.Ledger.Admission;

/// <summary>A class to use instead.</summary>
/// <param name="SpeedMillionths">Relative to the refused class; null = not known.</param>
/// <param name="DeviceHourNano">What the unit pays for the alternative and for the refused class; null = no price.</param>
public sealed record AdmissionAlternative(string ChipClass, long? SpeedMillionths, long? DeviceHourNano, long? RefusedDeviceHourNano);

/// <summary>A refusal as people read it: which rule, what it says, what to use instead at which speed and price.</summary>
public sealed record AdmissionAnswer(AdmissionRule Rule, string Unit, string ChipClass, AdmissionAlternative? Alternative, string Currency)
{
    private const long Million = 1_000_000;

    /// <param name="speeds">Of the workload in question, by class; classes that are not named cannot run it.</param>
    public static AdmissionAnswer? Of(CloudState state, AdmissionView view, string unit, string chipClass, ImmutableArray<ClassSpeed> speeds, long nowMs)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(view);
        if (view.RefusedBy(unit, chipClass) is not { } rule)
        {
            return null;
        }

        var open = speeds.Where(speed => speed.Millionths > 0 && speed.ChipClass != chipClass && view.RefusedBy(unit, speed.ChipClass) is null).ToList();
        var named = open.Find(speed => speed.ChipClass == rule.Alternative);
        var best = named.ChipClass is not null ? named : open.OrderByDescending(speed => speed.Millionths).ThenBy(speed => speed.ChipClass, StringComparer.Ordinal).FirstOrDefault();
        var here = speeds.FirstOrDefault(speed => speed.ChipClass == chipClass).Millionths;
        return new(
            rule, unit, chipClass,
            best.ChipClass is null ? null
                : new(best.ChipClass, here > 0 ? best.Millionths * Million / here : null, PriceOf(state, unit, best.ChipClass, nowMs), PriceOf(state, unit, chipClass, nowMs)),
            state.Currency);
    }

    /// <summary>One sentence: the rule and what it says.</summary>
    public string Why => $"the rule {Rule.Name} keeps {Unit} from {ChipClass}: {Rule.Message.TrimEnd('.')}";

    /// <summary>One sentence: what to do.</summary>
    public string WhatHelps => Alternative is { } other
        ? $"use {other.ChipClass}{(other.SpeedMillionths is { } speed ? $", about {Percent(speed)} of the speed" : "")}{Price(other)}"
        : Rule.Alternative is { } named ? $"{named} is the alternative that the rule names" : "no class that could run it is open to the unit: ask whoever decides the rules (`amalgam policy list`)";

    public string Text => $"{Why}; {WhatHelps}";

    private string Price(AdmissionAlternative other) => other.DeviceHourNano is not { } here ? ""
        : $", at {Nano.Format(here)} {Currency} per device-hour{(other.RefusedDeviceHourNano is { } there ? $" instead of {Nano.Format(there)}" : "")}";

    private static string Percent(long millionths) => $"{(millionths / 10_000m).ToString("0.#", CultureInfo.InvariantCulture)} %";

    /// <summary>Nano-units that the unit pays per device-hour; null where nobody set a price.</summary>
    public static long? PriceOf(CloudState state, string unit, string chipClass, long nowMs)
    {
        ArgumentNullException.ThrowIfNull(state);
        var tariff = state.Tariffs.Device(unit, chipClass, nowMs);
        return tariff is { Version: 0, ContractId: null, CommitmentId: null } ? null : tariff.Rates.DeviceHour;
    }

    /// <summary>
    /// What the allocator is told about one workload. A class on which it holds leases is left out: running work stays, and its replicas may come and go.
    /// </summary>
    public static ImmutableArray<ClassRefusal> Refusals(CloudState state, AdmissionView view, Workload workload, ImmutableArray<ClassSpeed> speeds, long nowMs)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(workload);
        ArgumentNullException.ThrowIfNull(view);
        var held = state.OpenLeasesOf(workload.Id).Select(lease => lease.ChipClass).ToImmutableSortedSet(StringComparer.Ordinal);
        // Equal workloads get the very same list, which the allocator tells apart by identity.
        return view.Kept($"{workload.Spec.Unit} {string.Join(' ', speeds)} {string.Join(' ', held)}", () =>
            [.. speeds.Where(speed => !held.Contains(speed.ChipClass)).Select(speed => Of(state, view, workload.Spec.Unit, speed.ChipClass, speeds, nowMs)).OfType<AdmissionAnswer>()
                .Select(answer => new ClassRefusal(answer.ChipClass, RefusalKind.Admission, Sentence(answer.Why), Sentence(answer.WhatHelps)))]);
    }

    private static string Sentence(string clause) => $"{char.ToUpperInvariant(clause[0])}{clause[1..]}.";
}
