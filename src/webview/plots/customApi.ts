/** What ECharts hands to a function that draws an item of a custom series. */
export interface CustomApi {
  /** Pixels of data coordinates. */
  coord(place: readonly [number, number]): [number, number];
}
