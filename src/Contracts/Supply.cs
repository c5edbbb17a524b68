namespace Amalgam.Contracts;

/// <summary>POST /api/v1/contracts. At most one of <see cref="PricePerDeviceHour"/>, <see cref="DiscountPercent"/> and <see cref="Indexed"/>; none = the list price.</summary>
public sealed record ContractRequest
{
    public string Unit { get; set; } = "";

    public string ChipClass { get; set; } = "";

    public decimal Devices { get; set; }

    /// <summary>Null = now. Half-open: it ends where <see cref="To"/> begins.</summary>
    public DateTimeOffset? From { get; set; }

    public DateTimeOffset? To { get; set; }

    /// <summary>Fixed, whatever the list says.</summary>
    public string? PricePerDeviceHour { get; set; }

    public decimal? DiscountPercent { get; set; }

    public IndexedTerms? Indexed { get; set; }

    /// <summary>Paid for whether used or not.</summary>
    public bool Reserved { get; set; }

    public double? NoticeSeconds { get; set; }

    public DateTimeOffset? LockedUntil { get; set; }

    public ServiceTerms? ServiceLevel { get; set; }

    /// <summary>Sign it although it promises more than the healthy stock; the journal says so.</summary>
    public bool Overcommit { get; set; }
}

/// <param name="PricePerDeviceHour">At signing.</param>
/// <param name="DiscountPercent">Off the list price that it follows.</param>
/// <param name="BandPercent">How far it may go from the price at signing, either way.</param>
public sealed record IndexedTerms(string PricePerDeviceHour, decimal DiscountPercent, decimal BandPercent);

/// <param name="DeliveredPercent">Of the device-time asked within the contract, in each calendar month.</param>
/// <param name="CreditPercent">Of the contract's price, for every device-hour below that.</param>
public sealed record ServiceTerms(decimal DeliveredPercent, decimal CreditPercent);

/// <summary>POST /api/v1/contracts/ID/end</summary>
public sealed record ContractEndRequest
{
    /// <summary>Null = now.</summary>
    public DateTimeOffset? From { get; set; }

    public string Why { get; set; } = "";
}

public sealed record ContractView
{
    public required string Id { get; init; }

    public required string Unit { get; init; }

    public required string ChipClass { get; init; }

    public decimal Devices { get; init; }

    public DateTimeOffset From { get; init; }

    public DateTimeOffset To { get; init; }

    /// <summary>to-come, in-force, ended</summary>
    public required string State { get; init; }

    /// <summary>In words.</summary>
    public required string Price { get; init; }

    /// <summary>Now; null where no price is known.</summary>
    public string? PricePerDeviceHour { get; init; }

    public bool Reserved { get; init; }

    public double NoticeSeconds { get; init; }

    public DateTimeOffset? LockedUntil { get; init; }

    public ServiceTerms? ServiceLevel { get; init; }

    /// <summary>By how many devices it was knowingly signed beyond the healthy stock.</summary>
    public decimal OvercommitDevices { get; init; }

    /// <summary>Devices asked within it and held of those, now.</summary>
    public decimal AskedNow { get; init; }

    public decimal HeldNow { get; init; }

    public IReadOnlyList<ContractMonthView> Months { get; set; } = [];

    /// <summary>Over all months so far.</summary>
    public required string CreditDue { get; init; }

    public required string Currency { get; init; }
}

/// <param name="SharePercent">Delivered of asked; null where nothing was asked.</param>
public sealed record ContractMonthView(string Month, decimal AskedDeviceHours, decimal DeliveredDeviceHours, decimal? SharePercent, string CreditDue);

/// <summary>POST /api/v1/stock/receive</summary>
public sealed record StockReceiveRequest
{
    public string ChipClass { get; set; } = "";

    public long Devices { get; set; }

    /// <summary>Null = now; in the future = on order.</summary>
    public DateTimeOffset? Date { get; set; }

    /// <summary>They wait in a drawer instead of going into machines.</summary>
    public bool Spare { get; set; }

    /// <summary>False = the class cannot be bought again; true = it can; null = as before.</summary>
    public bool? Replenishable { get; set; }

    public string? Note { get; set; }
}

/// <summary>POST /api/v1/stock/move: fail, retire, spare, in-service.</summary>
public sealed record StockMoveRequest
{
    public string ChipClass { get; set; } = "";

    public long Devices { get; set; }

    /// <summary>in-service, spare, failed, retired</summary>
    public string From { get; set; } = "";

    public string To { get; set; } = "";

    public string? Note { get; set; }
}

public sealed record StockView
{
    public required string ChipClass { get; init; }

    public bool Simulated { get; init; }

    /// <summary>`lots`, or `engines` where no lot was ever received and the numbers are what engines report.</summary>
    public required string Source { get; init; }

    public long Received { get; init; }

    public long InService { get; init; }

    public long Spare { get; init; }

    public long Failed { get; init; }

    public long Retired { get; init; }

    /// <summary>Devices that engines report as healthy.</summary>
    public long Reported { get; init; }

    /// <summary>Devices that leases hold, shared ones counted whole.</summary>
    public long Leased { get; init; }

    /// <summary>Reported devices beyond those in service, which nobody may use.</summary>
    public long HeldBack { get; init; }

    /// <summary>Promised now by contracts.</summary>
    public decimal Contracted { get; init; }

    /// <summary>Promised now by contracts and guarantees.</summary>
    public decimal Promised { get; init; }

    public bool Replenishable { get; init; }

    public IReadOnlyList<LotView> Lots { get; set; } = [];
}

public sealed record LotView(string Id, long Devices, DateTimeOffset Date, bool OnOrder, string Arrives, string Note);

/// <summary>POST /api/v1/policies: a file of admission rules in YAML or JSON; applied whole or not at all.</summary>
/// <param name="File">Its name, for messages.</param>
public sealed record PolicyRequest(string File, string Text);

public sealed record PolicyView
{
    public required string Name { get; init; }

    /// <summary>to-come, in-force, ended</summary>
    public required string State { get; init; }

    public DateTimeOffset From { get; init; }

    public DateTimeOffset? To { get; init; }

    /// <summary>allow or refuse</summary>
    public required string Effect { get; init; }

    /// <summary>In words.</summary>
    public required string When { get; init; }

    public required string Message { get; init; }

    public string? Alternative { get; init; }
}

/// <summary>GET /api/v1/policies/test?unit=U&amp;class=C: what the rules would say now.</summary>
public sealed record PolicyTestView
{
    public required string Unit { get; init; }

    /// <summary>The customer that the unit belongs to: facts of use are counted over its whole subtree.</summary>
    public required string Customer { get; init; }

    public required string ChipClass { get; init; }

    public bool Allowed { get; init; }

    /// <summary>The refusing rule.</summary>
    public string? Rule { get; init; }

    public required string Explanation { get; init; }

    public string? Alternative { get; init; }

    /// <summary>Expected, relative to the class asked for; from measured speeds where there are any, else from memory bandwidth.</summary>
    public double? AlternativeSpeed { get; init; }

    public string? AlternativePricePerDeviceHour { get; init; }

    public string? PricePerDeviceHour { get; init; }

    /// <summary>What the rules look at.</summary>
    public IReadOnlyDictionary<string, string> Facts { get; set; } = new Dictionary<string, string>();
}

/// <summary>What less supply would mean for the contracts of the key's subtree.</summary>
public sealed record RiskView
{
    public DateTimeOffset From { get; init; }

    public DateTimeOffset To { get; init; }

    public required string Currency { get; init; }

    public IReadOnlyList<ClassRiskView> Classes { get; set; } = [];

    /// <summary>Promises that cannot be kept, the earliest first.</summary>
    public IReadOnlyList<BrokenPromiseView> Broken { get; set; } = [];

    public required string CreditOwed { get; init; }
}

/// <param name="Promised">The most that contracts promise at one time.</param>
/// <param name="ShortFrom">From when they promise more than there is; null = not within the months asked for.</param>
public sealed record ClassRiskView(string ChipClass, decimal Devices, decimal AfterLoss, decimal AtTheEnd, decimal Promised, DateTimeOffset? ShortFrom, bool Simulated);

/// <param name="Short">Devices, at the worst time.</param>
/// <param name="CreditOwed">Within the months asked for, if all that is promised is asked.</param>
/// <param name="NoMoveFor">Of <paramref name="Short"/>, devices that no move to another class makes up for.</param>
public sealed record BrokenPromiseView(string Contract, string Unit, string ChipClass, decimal Devices, DateTimeOffset From, decimal Short, string CreditOwed, IReadOnlyList<SavingMoveView> Moves, decimal NoMoveFor);

/// <param name="Devices">Of the contract's class, that it makes up for.</param>
/// <param name="Needed">Of the other class.</param>
/// <param name="Speed">Of one device there, relative to one here.</param>
/// <param name="PricePerHour">For all of it, by the contract.</param>
/// <param name="PricePerHourThere">For all of it, what the unit would pay there.</param>
public sealed record SavingMoveView(string ChipClass, decimal Devices, decimal Needed, double Speed, string PricePerHour, string PricePerHourThere, string DifferencePerHour);

public sealed record ForecastView
{
    public DateTimeOffset From { get; init; }

    public int Months { get; init; }

    public long Seed { get; init; }

    public decimal GrowthPercentPerYear { get; init; }

    public IReadOnlyList<ClassForecastView> Classes { get; set; } = [];
}

/// <summary>Months until promises exceed healthy devices; null = beyond the months asked for.</summary>
public sealed record ClassForecastView
{
    public required string ChipClass { get; init; }

    public bool Simulated { get; init; }

    public long Devices { get; init; }

    public decimal Promised { get; init; }

    public decimal FailurePercentPerYear { get; init; }

    public bool Replenishable { get; init; }

    /// <summary>One run in ten is there by then.</summary>
    public int? Early { get; init; }

    /// <summary>Half of the runs.</summary>
    public int? Middle { get; init; }

    /// <summary>Nine in ten.</summary>
    public int? Late { get; init; }

    public int Runs { get; init; }

    public IReadOnlyList<ForecastMonthView> Course { get; set; } = [];
}

public sealed record ForecastMonthView(int Month, DateTimeOffset At, RangeView Devices, RangeView Promised);

/// <summary>One value in ten is at most the first, half at most the second, nine in ten at most the third.</summary>
public sealed record RangeView(decimal Low, decimal Middle, decimal High);
