using System.Collections.Immutable;

namespace Amalgam.Core.Ledger.Contracts;

/// <summary>What if so many devices were lost, and the rest kept failing at some rate? Shares and rates in millionths.</summary>
/// <param name="Lose">Share of a class that is lost at once.</param>
/// <param name="FailurePerYear">Share of a class that fails in a year and is not replaced.</param>
public sealed record RiskQuestion(long NowMs, int Months, ImmutableSortedDictionary<string, long> Lose, ImmutableSortedDictionary<string, long> FailurePerYear);

/// <summary>A class under the question: devices now, after the loss, at the end, and what is promised of them by contract.</summary>
/// <param name="PromisedMilli">The most that is promised at one time.</param>
/// <param name="ShortFromMs">From when the promises exceed the devices; null = never within the months asked for.</param>
public sealed record ClassRisk(string ChipClass, long NowMilli, long AfterLossMilli, long EndMilli, long PromisedMilli, long? ShortFromMs);

/// <summary>A promise that cannot be kept.</summary>
/// <param name="ShortMilli">At the worst time.</param>
/// <param name="CreditNano">What is owed for it within the months asked for, if all that is promised is asked.</param>
/// <param name="Moves">What would make up for it on other classes; empty where nothing does.</param>
/// <param name="UncoveredMilli">Of <paramref name="ShortMilli"/>, what no move makes up for.</param>
public sealed record BrokenPromise(Contract Contract, long FromMs, long ShortMilli, long CreditNano, ImmutableArray<SavingMove> Moves, long UncoveredMilli);

/// <summary>Work of a contract that moves to devices of another class that nobody is promised.</summary>
/// <param name="MilliDevices">Of the contract's class, that it makes up for.</param>
/// <param name="NeededMilli">Of the other class, for the same work.</param>
/// <param name="SpeedMillionths">Of one device there, relative to one here.</param>
/// <param name="HourNano">Per hour for all of it: now, and there.</param>
public sealed record SavingMove(string ChipClass, long MilliDevices, long NeededMilli, long SpeedMillionths, long HourNano, long HourThereNano);

public sealed record RiskReport(ImmutableArray<ClassRisk> Classes, ImmutableArray<BrokenPromise> Broken);
