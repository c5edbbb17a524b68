using Amalgam.ControlPlane.Commands;
using Amalgam.ControlPlane.Ports;
using Amalgam.ControlPlane.State;
using Amalgam.ControlPlane.Views;
using Amalgam.Contracts;
using Amalgam.Core.Ledger.Stock;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Amalgam.ControlPlane.Api;

/// <summary>Contracts and stock.</summary>
internal static class SupplyEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/contracts", Contracts).Produces<IReadOnlyList<ContractView>>().WithSummary("Contracts of the key's subtree, with what was asked and delivered; ?id, ?unit");
        api.MapPost("/contracts", AddContractAsync).Accepts<ContractRequest>("application/json", "*/*").Produces<ContractView>(201).WithSummary("Sign a contract: a firm guarantee by date, with its price terms and service level");
        api.MapPost("/contracts/{id}/end", EndContractAsync).Accepts<ContractEndRequest>("application/json", "*/*").Produces<ContractView>().WithSummary("End a contract before its time");
        api.MapGet("/contracts/risk", Risk).Produces<RiskView>().WithSummary("Promises that less supply could not keep: ?lose=h100=20%,… &failureRate=h100=9%,… &months=12");
        api.MapGet("/stock/forecast", Forecast).Produces<ForecastView>().WithSummary("Months until promises exceed healthy devices: ?failureRate=9% or h100=9%,… &growth=20% &months=36 &seed=1");
        api.MapGet("/stock", Stock).Produces<IReadOnlyList<StockView>>().WithSummary("Chips by class: received, in service, spare, failed, retired, and what is promised of them");
        api.MapPost("/stock/receive", ReceiveAsync).Accepts<StockReceiveRequest>("application/json", "*/*").Produces<StockView>(201).WithSummary("A lot of chips that came, or is on order");
        api.MapPost("/stock/move", MoveAsync).Accepts<StockMoveRequest>("application/json", "*/*").Produces<StockView>().WithSummary("Chips failed, were repaired, retired, put in service or set aside");
    }

    private static IResult Contracts(HttpContext context, Cloud cloud, string? id = null, string? unit = null)
    {
        var contracts = cloud.Read(state => state.Contracts.All
            .Where(contract => Permission.Sees(state, context.Caller(), contract.Unit) && (id is null || contract.Id == id) && (unit is null || state.Units.IsWithin(contract.Unit, unit)))
            .Select(contract => SupplyViews.Of(state, contract, cloud.NowMs)).ToList());
        return id is not null && contracts.Count == 0
            ? Answers.Refused(new(Core.RefusalCodes.NotFound, $"there is no contract '{Names.Clip(id)}': `amalgam contract list` shows them"))
            : Answers.Json<IReadOnlyList<ContractView>>(contracts, ContractsJson.Default.IReadOnlyListContractView);
    }

    private static async Task<IResult> AddContractAsync(HttpContext context, Cloud cloud, Pool pool, ICatalogue catalogue)
    {
        var body = await context.BodyAsync(ContractsJson.Default.ContractRequest);
        return body.Refusal is { } refusal ? Answers.Refused(refusal)
            : ContractAnswer(cloud, await cloud.ChangeAsync(context.Actor(), (state, nowMs) => ChangeContracts.Add(state, context.Caller(), body.Value!, nowMs, Known(pool, catalogue, body.Value!.ChipClass))), 201);
    }

    private static async Task<IResult> EndContractAsync(HttpContext context, string id, Cloud cloud)
    {
        var body = await context.BodyAsync(ContractsJson.Default.ContractEndRequest);
        return body.Refusal is { } refusal ? Answers.Refused(refusal)
            : ContractAnswer(cloud, await cloud.ChangeAsync(context.Actor(), (state, nowMs) => ChangeContracts.End(state, context.Caller(), id, body.Value!, nowMs)), 200);
    }

    private static IResult ContractAnswer(Cloud cloud, Core.Outcome<string> changed, int status) => changed.Refusal is { } refusal
        ? Answers.Refused(refusal)
        : Answers.Json(cloud.Read(state => SupplyViews.Of(state, state.Contracts.Find(changed.Value!)!, cloud.NowMs)), ContractsJson.Default.ContractView, status);

    private static IResult Risk(HttpContext context, Cloud cloud, Pool pool, ICatalogue catalogue, string? lose = null, string? failureRate = null, int months = 12)
    {
        var view = cloud.Read<Core.Outcome<RiskView>>(state =>
        {
            var asked = SupplyQuestions.Risk(state, lose, failureRate, months, cloud.NowMs);
            return asked.Refusal is { } wrong ? wrong : RiskViews.Of(state, context.Caller(), asked.Value!, catalogue, pool);
        });
        return view.Refusal is { } refusal ? Answers.Refused(refusal) : Answers.Json(view.Value!, ContractsJson.Default.RiskView);
    }

    private static IResult Forecast(Cloud cloud, Pool pool, string? failureRate = null, string? growth = null, int months = 36, long seed = 1)
    {
        var (asked, inputs) = cloud.Read(state =>
        {
            var question = SupplyQuestions.Forecast(state, failureRate, growth, months, seed, cloud.NowMs);
            return (question, question.Value is { } valid ? StockForecast.Inputs(state, valid) : []);
        });
        return asked.Refusal is { } refusal ? Answers.Refused(refusal) : Answers.Json(RiskViews.Of(asked.Value!, inputs, pool), ContractsJson.Default.ForecastView);
    }

    private static IResult Stock(Cloud cloud, Pool pool)
    {
        IReadOnlyList<StockView> stock = cloud.Read(state => SupplyViews.Stock(state, pool, cloud.NowMs));
        return Answers.Json(stock, ContractsJson.Default.IReadOnlyListStockView);
    }

    private static async Task<IResult> ReceiveAsync(HttpContext context, Cloud cloud, Pool pool, ICatalogue catalogue)
    {
        var body = await context.BodyAsync(ContractsJson.Default.StockReceiveRequest);
        return body.Refusal is { } refusal ? Answers.Refused(refusal)
            : StockAnswer(cloud, pool, await cloud.ChangeAsync(context.Actor(), (state, nowMs) => ChangeStock.Receive(state, context.Caller(), body.Value!, nowMs, Known(pool, catalogue, body.Value!.ChipClass))), 201);
    }

    private static async Task<IResult> MoveAsync(HttpContext context, Cloud cloud, Pool pool)
    {
        var body = await context.BodyAsync(ContractsJson.Default.StockMoveRequest);
        return body.Refusal is { } refusal ? Answers.Refused(refusal)
            : StockAnswer(cloud, pool, await cloud.ChangeAsync(context.Actor(), (state, nowMs) => ChangeStock.Move(state, context.Caller(), body.Value!, nowMs)), 200);
    }

    private static IResult StockAnswer(Cloud cloud, Pool pool, Core.Outcome<string> changed, int status) => changed.Refusal is { } refusal
        ? Answers.Refused(refusal)
        : Answers.Json(cloud.Read(state => SupplyViews.Stock(state, pool, cloud.NowMs).First(stock => stock.ChipClass == changed.Value)), ContractsJson.Default.StockView, status);

    /// <summary>Classes that the pool has, and the one named if the catalogue knows it: chips may be promised and ordered before the first one is there.</summary>
    private static HashSet<string> Known(Pool pool, ICatalogue catalogue, string named)
    {
        var known = pool.Classes.ToHashSet(StringComparer.Ordinal);
        if (catalogue.Chip(named) is not null)
        {
            known.Add(named);
        }

        return known;
    }
}
