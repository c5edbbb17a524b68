using Amalgam.Contracts;
using Amalgam.Pages.Frame;
using Amalgam.Pages.Overview;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Amalgam.Pages.Chips;

/// <summary>The stock by class; one class with its nodes, devices, prices and outlook.</summary>
internal static class ChipPages
{
    public static void Map(RouteGroupBuilder pages)
    {
        pages.MapGet("/chips", ListAsync);
        pages.MapGet("/chips/{name}", ClassAsync);
    }

    private static Task<IResult> ListAsync(Visit visit) => visit.ShowAsync(async () =>
    {
        var stock = visit.Api.GetAsync<IReadOnlyList<StockView>>("/api/v1/stock");
        var chips = await visit.ChipsAsync();
        return Sight.Of<ChipListView>(visit.T("Chips"), ("Chips", chips), ("Stock", ((await stock).Value ?? []).ToDictionary(item => item.ChipClass, StringComparer.Ordinal)));
    });

    private static async Task<IResult> ClassAsync(Visit visit, string name)
    {
        if ((await visit.ChipsAsync()).All(chip => chip.ChipClass != name))
        {
            return await visit.RefusedAsync(visit.Look.T("This cloud has no chip class '{0}': choose one under Chips.", name.Length > 60 ? name[..60] : name), 404);
        }

        var query = Uri.EscapeDataString(name);
        var prices = (await visit.Api.GetAsync<IReadOnlyList<PriceView>>("/api/v1/prices")).Value ?? [];
        var forecast = (await visit.Api.GetAsync<ForecastView>("/api/v1/stock/forecast?months=36&seed=1")).Value;
        return await visit.ShowAsync(async () =>
        {
            var nodes = visit.Api.GetAsync<IReadOnlyList<NodeView>>($"/api/v1/nodes?class={query}");
            var stock = visit.Api.GetAsync<IReadOnlyList<StockView>>("/api/v1/stock");
            var chip = (await visit.ChipsAsync()).FirstOrDefault(chip => chip.ChipClass == name);
            return Sight.Of<ClassView>(
                name,
                ("Name", name), ("Chip", chip), ("Nodes", (await nodes).Value ?? []), ("Stock", (await stock).Value?.FirstOrDefault(item => item.ChipClass == name)),
                ("Prices", prices.Where(price => price.Subject == name && price.Kind == "device-hour").OrderByDescending(price => price.Version).Take(12).ToList()),
                ("Forecast", forecast?.Classes.FirstOrDefault(item => item.ChipClass == name)));
        });
    }
}
