using System.Collections.Immutable;
using Amalgam.Core.Ledger.Admission;

namespace Amalgam.Core.Journal;

/// <summary>Recorded for the book of admission rules.</summary>
public abstract record AdmissionEvent : JournalEvent;

public sealed record RuleAdded(AdmissionRule Rule) : AdmissionEvent;

public sealed record RuleRemoved(string Name) : AdmissionEvent;

/// <summary>Somebody was told no. Changes nothing; it is there for the audit.</summary>
/// <param name="What">`run NAME`, `serve NAME`, `request to MODEL`.</param>
public sealed record AdmissionRefused(string Unit, string ChipClass, string Rule, string What, string? Alternative) : AdmissionEvent;

/// <summary>Scarcity prices crossed what a rule asks about. In millionths, as the plan reports them.</summary>
public sealed record ScarcitySeen(ImmutableSortedDictionary<string, long> Millionths) : AdmissionEvent;
