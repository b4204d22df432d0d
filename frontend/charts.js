// The pictures of the reports. Each draws the numbers that stand in the table beside it.
import { BarChart, ScatterChart } from 'echarts/charts';
import { AriaComponent, GridComponent, TooltipComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';

use([AriaComponent, BarChart, GridComponent, ScatterChart, SVGRenderer, TooltipComponent]);

// Colours are pairs of light and dark: a probe resolves them to what is shown now.
function colour(name) {
  const probe = document.createElement('i');
  probe.hidden = true;
  probe.className = `probe-${name}`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

function look() {
  const names = ['ink', 'ink-2', 'ink-3', 'line', 'sunk', 'surface', 'accent', 'ok', 'bad', 'warn'];
  const found = Object.fromEntries(names.map((name) => [name, colour(name)]));
  // The body's real family: with "inherit", texts are measured in another font than they are drawn.
  return { ...found, font: getComputedStyle(document.body).fontFamily };
}

// Numbers as the language of the page writes them.
const numbers = new Intl.NumberFormat(document.documentElement.lang || undefined, {
  maximumFractionDigits: 1,
});
const written = (value) => (typeof value === 'number' ? numbers.format(value) : '–');

function frame(c, stages) {
  const words = { fontFamily: c.font, fontSize: 12, color: c['ink-2'] };
  return {
    animation: false,
    aria: { enabled: false },
    textStyle: words,
    grid: { left: 8, right: 56, top: 4, bottom: 24, containLabel: true },
    tooltip: {
      trigger: 'axis',
      // A tooltip made of HTML would bring styles of its own, which the page's policy refuses.
      renderMode: 'richText',
      axisPointer: { type: 'shadow', shadowStyle: { color: c.sunk, opacity: 0.6 } },
      backgroundColor: c.surface,
      borderColor: c.line,
      textStyle: { ...words, color: c.ink },
      valueFormatter: written,
    },
    xAxis: {
      type: 'value',
      splitNumber: 4,
      splitLine: { lineStyle: { color: c.line } },
      axisLabel: { ...words, formatter: written },
    },
    yAxis: {
      type: 'category',
      inverse: true,
      data: stages,
      axisLine: { show: false },
      axisTick: { show: false },
      axisLabel: words,
    },
  };
}

const draw = {
  ways(data, c) {
    const fill = { advanced: c.accent, back: c['ink-3'], stopped: c.bad, won: c.ok, still: c.line };
    return {
      ...frame(c, data.stages),
      series: data.ways.map((way) => ({
        name: way.name,
        type: 'bar',
        stack: 'ways',
        barWidth: 18,
        data: way.values,
        itemStyle: { color: fill[way.key], borderColor: c.surface, borderWidth: 1 },
      })),
    };
  },
  times(data, c) {
    const base = frame(c, data.stages);
    return {
      ...base,
      series: [
        {
          name: data.median.name,
          type: 'bar',
          barWidth: 10,
          z: 3,
          data: data.median.values.map((value, index) => ({
            value,
            itemStyle: { color: index === data.slowest ? c.warn : c.accent, borderRadius: [0, 3, 3, 0] },
          })),
        },
        {
          name: data.p75.name,
          type: 'bar',
          barGap: '-100%',
          barWidth: 10,
          z: 2,
          data: data.p75.values,
          itemStyle: {
            color: c.sunk,
            borderColor: c.line,
            borderWidth: 1,
            borderRadius: [0, 3, 3, 0],
          },
          label: {
            show: true,
            position: 'right',
            fontFamily: c.font,
            color: c['ink-2'],
            formatter: ({ dataIndex }) => {
              const value = data.median.values[dataIndex];
              return value === null ? '' : written(value);
            },
          },
        },
        ...data.norms.map((norm) => ({
          name: norm.name,
          type: 'scatter',
          symbol: 'rect',
          symbolSize: [2, 18],
          z: 4,
          data: norm.values,
          itemStyle: { color: c.ink },
        })),
      ],
    };
  },
};

const drawn = new Map();

function drawAll(root = document) {
  for (const place of root.querySelectorAll('[data-chart]')) {
    const data = JSON.parse(place.closest('[data-charts]').dataset.charts);
    const chart = drawn.get(place) ?? init(place, null, { renderer: 'svg' });
    chart.setOption(draw[place.dataset.chart](data, look()), true);
    drawn.set(place, chart);
  }
}

document.addEventListener('htmx:load', (event) => drawAll(event.detail.elt));
document.addEventListener('htmx:beforeCleanupElement', (event) => {
  drawn.get(event.detail.elt)?.dispose();
  drawn.delete(event.detail.elt);
});
document.addEventListener('theme-changed', () => drawAll());
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => drawAll());
addEventListener('resize', () => drawn.forEach((chart) => chart.resize()));
document.fonts.ready.then(() => drawAll());
