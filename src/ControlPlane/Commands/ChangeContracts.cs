using System.Globalization;
using Amalgam.ControlPlane.State;
using Amalgam.Contracts;
using Amalgam.Core;
using Amalgam.Core.Access;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger;
using Amalgam.Core.Ledger.Contracts;

namespace Amalgam.ControlPlane.Commands;

/// <summary>`contract add | end`.</summary>
public static class ChangeContracts
{
    private const long DayMs = 86_400_000;
    private const long LongestMs = 50 * 366 * DayMs;

    public static Decision<string> Add(CloudState state, Caller caller, ContractRequest request, long nowMs, IReadOnlyCollection<string> knownClasses, bool simulated = false)
    {
        if (MayDecide(state, caller, request.Unit) is { } refusal)
        {
            return refusal;
        }

        if (!knownClasses.Contains(request.ChipClass, StringComparer.Ordinal))
        {
            return Invalid($"neither this cloud nor the catalogue has a chip class '{Names.Clip(request.ChipClass)}' (`amalgam chips`)");
        }

        var asked = Drawn(state, request, nowMs);
        if (asked.Refusal is { } wrong)
        {
            return wrong;
        }

        var contract = asked.Value! with { Simulated = simulated };
        var beyond = Promises.Beyond(state, contract, nowMs);
        return beyond is not null && !request.Overcommit
            ? new Refusal(RefusalCodes.Conflict, Beyond(contract, beyond))
            : Decide.Yes(contract.Id, new ContractSigned(contract, beyond?.BeyondMilli ?? 0));
    }

    public static Decision<string> End(CloudState state, Caller caller, string id, ContractEndRequest request, long nowMs)
    {
        if (state.Contracts.Find(id) is not { } contract || !Permission.Sees(state, caller, contract.Unit))
        {
            return new Refusal(RefusalCodes.NotFound, $"there is no contract '{Names.Clip(id)}': `amalgam contract list` shows them");
        }

        var from = Begin("the end", request.From, nowMs);
        if ((MayDecide(state, caller, contract.Unit) ?? from.Refusal) is { } refusal)
        {
            return refusal;
        }

        if (string.IsNullOrWhiteSpace(request.Why) || request.Why.Length > 200 || request.Why.Any(char.IsControl))
        {
            return Invalid("say why the contract ends, in one line of at most 200 letters (--why)");
        }

        return from.Value >= contract.EndMs
            ? new Refusal(RefusalCodes.Conflict, $"{id} ends {Date(contract.EndMs)} already: an earlier end is needed")
            : Decide.Yes(id, new ContractEnded(id, from.Value, request.Why));
    }

    private static Outcome<Contract> Drawn(CloudState state, ContractRequest request, long nowMs)
    {
        var devices = request.Devices is > 0 and <= 100_000 && decimal.Truncate(request.Devices * 1000) == request.Devices * 1000
            ? (long)(request.Devices * 1000)
            : (Outcome<long>)Invalid($"a contract is about more than 0 and at most 100000 devices, with at most three decimals, not {request.Devices}");
        var from = Begin("the contract", request.From, nowMs);
        var price = Terms(request);
        var level = Level(request.ServiceLevel);
        var notice = Amounts.Seconds("the notice", request.NoticeSeconds);
        var toMs = request.To?.ToUnixTimeMilliseconds();
        var wrong = devices.Refusal ?? from.Refusal ?? price.Refusal ?? level.Refusal ?? notice.Refusal
            ?? (toMs is null ? Invalid("say when the contract ends (--to): 2027-12-01 is the first day without it")
                : toMs <= from.Value ? Invalid($"the contract would end {Date(toMs.Value)}, not after its begin {Date(from.Value)}")
                : toMs - from.Value > LongestMs ? Invalid("a contract runs for at most 50 years")
                : request.LockedUntil is { } locked && locked.ToUnixTimeMilliseconds() > toMs ? Invalid($"the price cannot be locked until {locked:u}, after the contract's end") : null);
        return wrong is not null
            ? wrong
            : new Contract
            {
                Id = $"c{state.Contracts.NextNumber}",
                Unit = request.Unit,
                ChipClass = request.ChipClass,
                MilliDevices = devices.Value,
                FromMs = from.Value,
                ToMs = toMs!.Value,
                Price = price.Value,
                LockedUntilMs = request.LockedUntil?.ToUnixTimeMilliseconds(),
                NoticeMs = notice.Value ?? 0,
                Reserved = request.Reserved,
                ServiceLevel = level.Value,
            };
    }

    private static Outcome<PriceTerms?> Terms(ContractRequest request)
    {
        if ((request.PricePerDeviceHour is null ? 0 : 1) + (request.DiscountPercent is null ? 0 : 1) + (request.Indexed is null ? 0 : 1) > 1)
        {
            return Invalid("give one of a fixed price, a discount and an indexed price");
        }

        if (request.PricePerDeviceHour is { } text)
        {
            return Price(text) is { } nano ? new PriceTerms(PriceTermsKind.Fixed, nano) : NoPrice(text);
        }

        if (request.DiscountPercent is { } discount)
        {
            var share = Percent.Millionths("the discount", discount, 0, 100);
            return share.Refusal is { } wrong ? wrong : new PriceTerms(PriceTermsKind.Discount, ShareMillionths: 1_000_000 - share.Value);
        }

        return request.Indexed is { } indexed ? Indexed(indexed) : (PriceTerms?)null;
    }

    private static Outcome<PriceTerms?> Indexed(IndexedTerms indexed)
    {
        var off = Percent.Millionths("the discount", indexed.DiscountPercent, 0, 100);
        var band = Percent.Millionths("the band", indexed.BandPercent, 0, 100);
        return (off.Refusal ?? band.Refusal) is { } refusal ? refusal
            : Price(indexed.PricePerDeviceHour) is { } nano ? new PriceTerms(PriceTermsKind.Indexed, nano, 1_000_000 - off.Value, band.Value)
            : NoPrice(indexed.PricePerDeviceHour);
    }

    private static Outcome<ServiceLevel?> Level(ServiceTerms? terms)
    {
        if (terms is null)
        {
            return (ServiceLevel?)null;
        }

        var delivered = Percent.Millionths("the service level", terms.DeliveredPercent, 0, 100);
        var credit = Percent.Millionths("the credit", terms.CreditPercent, 0, 1000);
        return (delivered.Refusal ?? credit.Refusal) is { } wrong ? wrong : new ServiceLevel(delivered.Value, credit.Value);
    }

    /// <summary>Now, or an instant to come. A date that is today means now: nobody can promise what was this morning.</summary>
    private static Outcome<long> Begin(string what, DateTimeOffset? from, long nowMs)
    {
        var fromMs = from?.ToUnixTimeMilliseconds() ?? nowMs;
        return fromMs >= nowMs ? fromMs
            : fromMs == nowMs / DayMs * DayMs ? nowMs
            : Invalid($"{what} cannot lie in the past ({from:u}): what was used then is charged already");
    }

    private static Refusal? MayDecide(CloudState state, Caller caller, string unit) =>
        Permission.Check(state, caller, Role.Owner, unit)
        ?? (unit == caller.Unit && state.Units.Find(unit)!.Parent is not null ? new Refusal(RefusalCodes.Forbidden, $"the key belongs to {unit} itself: what {unit} is promised is decided above it") : null);

    private static string Beyond(Contract contract, Overcommit beyond) =>
        $"{Devices(contract.MilliDevices)} {contract.ChipClass} for {contract.Unit} would promise {Devices(beyond.PromisedMilli)} from {Date(beyond.AtMs)} on where {Devices(beyond.HealthyMilli)} are healthy"
        + $" ({Devices(beyond.BeforeMilli)} are promised by contract already): at most {Devices(Math.Max(0, contract.MilliDevices - beyond.BeyondMilli))} fit, or sign it knowingly with --overcommit";

    private static long? Price(string text) => Nano.Parse(text) is { } nano and >= 0 ? nano : null;

    private static Refusal NoPrice(string text) => Invalid($"'{Names.Clip(text)}' is no price: digits with at most nine decimals and a point, for instance 2.50");

    private static string Devices(long milli) => (milli / 1000m).ToString("0.###", CultureInfo.InvariantCulture);

    private static string Date(long atMs) => DateTimeOffset.FromUnixTimeMilliseconds(atMs).ToString("u", CultureInfo.InvariantCulture);

    private static Refusal Invalid(string message) => new(RefusalCodes.Invalid, message);
}
